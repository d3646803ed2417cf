"""Tokens a second of the Trainer against a bare torch loop over the same network."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.page import Section, Target
from benchmarks.timing import medians
from pipeline.base.artifacts import LogRows, Resume, Row
from pipeline.base.params import RuntimeParams
from pipeline.networks.build import build_language_model
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import Model
from pipeline.params import Params
from pipeline.tokens.params import Batching, StreamBatching
from pipeline.training.fit import fit
from pipeline.training.language_modelling import LanguageModelling
from pipeline.training.learner import BETAS, one_cycle
from pipeline.training.params import TrainingParams
from pipeline.training.split import Split

VOCABULARY = 112
"""That of the default corpus."""
CORPUS_TOKENS = 200_000
UNIT_TOKENS = 120
STEPS = 800
WARM_STEPS = 50
"""First steps, not timed: Lightning sets up, torch allocates."""

METHOD = """\
The models of `run.models` that are language models, at level char with the values of params.yaml. `fit` is the \
Trainer with our learner, objective and history; the bare loop is plain torch: the same windows, forward pass, loss, \
backward pass, clipping, optimiser and schedule, and nothing written down. Both end in the same weights. They take \
turns every {every} steps within one run, {steps} steps in all; medians after the first {warm} steps."""


@dataclass(frozen=True)
class Task:
    """A training: what both sides are given."""

    model: Model
    batching: Batching
    training: TrainingParams
    runtime: RuntimeParams
    text: Split = field(default_factory=lambda: random_text(CORPUS_TOKENS, VOCABULARY))

    def network(self) -> LanguageModel:
        """The network before training."""
        network = build_language_model(self.model, VOCABULARY, seed=1)
        assert isinstance(network, LanguageModel)
        return network

    def fit(self, network: LanguageModel, live: LogRows, resume: Resume | None = None) -> None:
        """Train the network as stages/train.py does."""
        fit(
            network,
            self.objective(),
            learning_rate=self.model.learning_rate,
            weight_decay=self.training.weight_decay,
            max_grad_norm=self.model.max_grad_norm,
            num_validations=self.training.num_validations,
            log_every_steps=self.training.log_every_steps,
            accelerator=self.runtime.accelerator,
            precision=self.runtime.precision,
            seed=1,
            live=live,
            resume=resume,
        )

    def objective(self) -> LanguageModelling:
        """What is read, in its order."""
        return LanguageModelling(
            self.text,
            random_text(UNIT_TOKENS, VOCABULARY),
            VOCABULARY,
            segment_tokens=self.batching.segment_tokens if isinstance(self.batching, StreamBatching) else None,
            batch_size=self.training.batch_size,
            bptt_steps=self.training.bptt_steps,
            budget_tokens=self.training.budget_tokens,
            seed=1,
        )


def training(params: Params) -> Section:
    """Measure every language model among the selected ones."""
    torch.set_num_threads(params.runtime.threads)
    rows, ratios = [], []
    for name in params.run.models:
        if not params.models[name].bidirectional:
            ours, bare, ratio = compare(task_of(params, name, STEPS))
            ratios.append(ratio)
            rows.append([name, f"{ours:.0f}", f"{bare:.0f}", f"{ratio:.3f}"])
    method = METHOD.format(every=params.training.char.log_every_steps, warm=WARM_STEPS, steps=STEPS)
    target = Target("training tokens/s over those of a bare loop, the worst model", "", 0.95, min(ratios), True)
    return Section("Training", method, ["model", "fit, tokens/s", "bare loop, tokens/s", "ratio"], rows, [target])


def task_of(params: Params, model: str, steps: int) -> Task:
    """The model's training at level char, cut to this many steps and one validation, at the end and not timed."""
    section = params.training.char
    budget = steps * section.batch_size * section.bptt_steps
    section = section.model_copy(update={"budget_tokens": budget, "num_validations": 1})
    return Task(params.models[model], params.batching.char, section, params.runtime)


def compare(task: Task) -> tuple[float, float, float]:
    """Tokens a second of fit and of the bare loop, and the ratio of both."""
    section = task.training
    tokens = section.log_every_steps * section.batch_size * section.bptt_steps
    seconds = take_turns(task, task.network(), task.network())[WARM_STEPS // section.log_every_steps :]
    return medians([(tokens / ours, tokens / bare) for ours, bare in seconds])


def take_turns(task: Task, network: LanguageModel, other: LanguageModel) -> list[tuple[float, float]]:
    """Train `network` as stages/train.py does and `other` in a bare loop; the seconds of each turn of both.

    A turn ends where fit writes a row of its history.
    """
    bare_turns, seconds = bare(task, other), []
    began = time.perf_counter()

    def live(rows: Sequence[Row]) -> None:
        nonlocal began
        if "train/tokens" in rows[0].metrics:
            ours = time.perf_counter() - began
            seconds.append((ours, next(bare_turns)))
            began = time.perf_counter()

    task.fit(network, live)
    return seconds


def bare(task: Task, network: LanguageModel) -> Iterator[float]:
    """Train in a loop of plain torch, `log_every_steps` at a time; gives the seconds these took."""
    objective, peak = task.objective(), task.model.learning_rate
    windows = objective.batches(skip=0)
    decay = task.training.weight_decay
    optimizer = torch.optim.AdamW(network.parameters(), peak, BETAS, weight_decay=decay, fused=True)
    schedule = one_cycle(optimizer, peak, objective.num_steps)
    limit, state = task.model.max_grad_norm or math.inf, None
    while True:
        with _default_algorithms():
            start = time.perf_counter()
            for inputs, targets, fresh in islice(windows, task.training.log_every_steps):
                if state is not None:
                    state = tuple(part.detach() * ~fresh[None, :, None] for part in state)
                logits, state = network(inputs, state)
                loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), limit)
                optimizer.step()
                schedule.step()
            seconds = time.perf_counter() - start
        yield seconds


@contextmanager
def _default_algorithms() -> Iterator[None]:
    """What torch does when told nothing: the Trainer asks the process for deterministic algorithms."""
    torch.use_deterministic_algorithms(False)
    yield
    torch.use_deterministic_algorithms(True)


def random_text(tokens: int, vocabulary: int) -> Split:
    """Ids without sense in units of UNIT_TOKENS: what they say changes no speed."""
    ids = np.random.default_rng(1).integers(1, vocabulary, size=tokens).astype(np.uint8)
    ids[UNIT_TOKENS - 1 :: UNIT_TOKENS] = 0
    return Split(ids, characters=tokens, spelling_nats=0.0)
