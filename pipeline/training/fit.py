"""Train a network on a text and score what came of it."""

import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.base.artifacts import LogRows, Row
from pipeline.base.launch import HelperDoneError
from pipeline.base.memory import check_memory
from pipeline.base.metrics import Score
from pipeline.base.params import Batching, RuntimeParams, TrainingParams
from pipeline.base.resume import Resume
from pipeline.networks.build import Network
from pipeline.networks.evaluation import evaluation_windows, sums_of
from pipeline.training.data import TrainingWindows
from pipeline.training.history import History, Validation
from pipeline.training.lightning import pl
from pipeline.training.module import SequenceModule
from pipeline.training.progress import progress
from pipeline.training.ranks import OwnRanks, Ranks, check_accelerator
from pipeline.training.split import Split


@dataclass(frozen=True)
class Trained:
    """How a training went. The network it was given holds the best weights."""

    history: Sequence[Row]
    best_step: int
    tokens_seen: int
    grad_norms: Sequence[float]
    """Of every step, before clipping."""

    def norm_metrics(self, max_grad_norm: float | None) -> dict[str, float]:
        """What the optimiser met: the norms before clipping, and the share of steps at which it clipped."""
        norms = np.array(self.grad_norms)
        clipped = norms > (np.inf if max_grad_norm is None else max_grad_norm)
        return {
            "grad_norm/mean": float(norms.mean()),
            "grad_norm/median": float(np.median(norms)),
            "grad_norm/p99": float(np.quantile(norms, 0.99)),
            "grad_norm/max": float(norms.max()),
            "grad_norm/share_clipped": float(clipped.mean()),
            "grad_norm/nonfinite_steps": 0.0,  # the first ends the training with an error
        }


def fit(
    network: Network,
    train: Split,
    validation: Split,
    *,
    learning_rate: float,
    max_grad_norm: float | None,
    batching: Batching,
    training: TrainingParams,
    runtime: RuntimeParams,
    seed: int,
    live: LogRows,
    resume: Resume | None = None,
) -> Trained:
    """Train for the budget, keep the weights that did best on the validation split.

    Args:
        resume: where a training that was killed goes on; in its files are the weights at each validation.

    Raises:
        DivergedError: where the loss or its gradient is not finite.
        HelperDoneError: at the end, where this process only helps rank 0.
    """
    ranks = Ranks.of_launch()
    check_accelerator(runtime.accelerator, ranks.size)
    weights = sum(parameter.nbytes for parameter in network.parameters())
    check_memory(4 * weights, "the model's weights, their gradients and AdamW's two averages of them")
    torch.manual_seed(seed + (ranks.rank << 32))  # dropout has no generator of its own; seeds are below 2**32
    data = TrainingWindows(train.ids, network.begin_id, batching, training, seed)
    module = SequenceModule(network, learning_rate, training.weight_decay, max_grad_norm, data.num_steps, ranks)
    steps = validation_steps(data.num_steps, training.num_validations)
    best = Validation(validation, batching.mode, training.batch_size, steps, resume and resume.files)
    with progress(data.num_steps) as bar, ranks.joined():
        shown = [live, bar] if ranks.is_first else []
        history = History(train, best, training.log_every_steps, shown, resume)
        left = _go_on(resume, module, history, data)
        if left > 0:
            _run(module, data, left, history, runtime)
    if not ranks.is_first:
        raise HelperDoneError
    assert best.best is not None
    network.load_state_dict(best.best[2])
    return Trained(history.rows, best.best[1], history.tokens_seen, history.grad_norms)


def _go_on(resume: Resume | None, module: SequenceModule, history: History, data: TrainingWindows) -> int:
    """Bring everything to where the killed training was; how many steps are left to do."""
    captured = module.ranks.gathered(resume and resume.load())[0]
    if captured:
        module.restore(captured["module"])
        data.skip = module.step
        if not module.ranks.is_first:
            return data.num_steps - module.step
        history.restore(captured["history"])
        sys.stderr.write(f"going on after step {module.step} of {data.num_steps}\n")
    return data.num_steps - module.step


def validation_steps(num_steps: int, num_validations: int) -> set[int]:
    """Evenly spaced, the last one at the end.

    >>> sorted(validation_steps(10, 3))
    [3, 7, 10]
    """
    return {max(1, round(num_steps * i / num_validations)) for i in range(1, num_validations + 1)}


def final_score(network: Network, split: Split, batching: str, batch_size: int) -> Score:
    """The split's score over one unbroken pass with carried state; of units, each from the zero state."""
    num_lanes = 1 if batching == "stream" else batch_size
    sums = sums_of(network, evaluation_windows(split.ids, network.begin_id, batching, num_lanes))
    assert sums.tokens == len(split.ids)
    return Score(sums.nats, sums.tokens, split.characters, split.spelling_nats, sums.unknown_nats)


def _run(
    module: SequenceModule, data: TrainingWindows, num_steps: int, history: History, runtime: RuntimeParams
) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # no lines about absent GPUs and TPUs
    trainer = pl.Trainer(
        max_epochs=1,
        limit_train_batches=num_steps,
        accelerator=runtime.accelerator,
        devices=module.ranks.size,
        plugins=[OwnRanks(module.ranks)],
        strategy="ddp" if module.ranks.size > 1 else "auto",
        use_distributed_sampler=False,  # every rank reads every window and takes its lanes of it
        callbacks=[history],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        deterministic=True,
    )
    # deterministic=True would else fill every new tensor with NaN first: 1 to 9 % of a step
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)  # Lightning's own, of torch
        warnings.filterwarnings("ignore", message=".*`dataloader_iter`")  # "experimental": constraints.txt pins it
        try:
            trainer.fit(module, data)
        except SystemExit:
            raise KeyboardInterrupt from None  # Lightning makes an exit of its own of Ctrl-C
