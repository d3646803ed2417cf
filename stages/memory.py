"""Stage `memory`: the same cells on tasks whose floor is known exactly, judged by distance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch

from pipeline.base.artifacts import Result, Row, finite, write_csv, write_json
from pipeline.base.memory import check_memory
from pipeline.base.params import (
    AddingTask,
    AgreementTask,
    CopyingTask,
    MemoryTask,
    Model,
    ReberTask,
    RuntimeParams,
    Task,
    TrainingParams,
    UnitBatching,
)
from pipeline.base.resume import Resume
from pipeline.figures import save_png
from pipeline.memory.adding import CHANNELS, SQUARED_ERROR_WITHOUT_MEMORY, batches, sums_answered
from pipeline.memory.agreement import Agreement
from pipeline.memory.copying import Copying
from pipeline.memory.evaluation import Answer, answers, bits_per_string, by, longest_good, measured
from pipeline.memory.figures import accuracy_figure
from pipeline.memory.reber import Reber, bits_of
from pipeline.memory.regression import Regressor, fit_regressor
from pipeline.memory.strings import String, Strings, bits_without_memory, drawn, joined
from pipeline.networks.build import Network, build
from pipeline.networks.language_model import LanguageModel
from pipeline.stage import Output, stage
from pipeline.training.fit import Trained, fit
from pipeline.training.split import Split


@dataclass(frozen=True)
class Outcome:
    """A task learned and asked."""

    history: Sequence[Row]
    given: Sequence[Answer]
    unit: str
    """Of the answers' cost."""
    without: float
    """The mean cost at best without memory; with memory it is 0."""
    strings: Mapping[str, float] | None = None
    """What a whole string costs, where that floor is known too."""


@stage
def memory(
    memory: MemoryTask,
    model: Model,
    runtime: RuntimeParams,
    *,
    task: Task,
    seed: int,
    out: Output,
    resume: Resume,
) -> Result:
    """Train a model on one task and ask it over growing distances."""
    torch.set_num_threads(runtime.threads)
    least = 8 * (memory.budget_tokens + memory.test_sequences)  # a reference or two numbers each
    check_memory(least, f"memory.{task}.budget_tokens and test_sequences")
    if isinstance(memory, AddingTask):
        outcome = _summed(memory, model, seed, resume)
    else:
        outcome = _spelt(memory, model, runtime, seed, resume)
    rows = by("distance", outcome.given, outcome.unit)
    overall = measured(outcome.given, outcome.unit)
    about = {
        "task": task,
        "floor": {"with_memory": 0.0, "without": outcome.without, "unit": outcome.unit},
        "overall": overall,
        "by_distance": rows,
        "by_attractors": by("attractors", outcome.given, outcome.unit),
        "largest_length_95": longest_good(rows),
        "strings": outcome.strings,
    }
    write_json(out / "memory.json", about)
    write_csv(out / "memory.csv", ["distance", "n", "accuracy", "low", "high", outcome.unit], map(_line, rows))
    save_png(accuracy_figure(rows, f"{model.cell}, {task}, seed {seed}"), out / "memory.png", dpi=120)
    metrics = {f"memory/string_{key}": value for key, value in (outcome.strings or {}).items()} | {
        "memory/accuracy": overall["accuracy"],
        f"memory/{outcome.unit}": overall[outcome.unit],
        "memory/distance_95": about["largest_length_95"],
    }
    history = [*outcome.history, *_history(rows, outcome.unit)]
    return Result(finite(metrics), history, ["memory.png", "memory.csv", "memory.json"])


def _strings_of(memory: MemoryTask) -> Strings:
    match memory:
        case AgreementTask():
            return Agreement(memory.lengths, memory.unseen_lengths, memory.max_attractors)
        case CopyingTask():
            return Copying(memory.symbols, memory.lengths, memory.unseen_lengths)
        case ReberTask():
            return Reber()
    raise AssertionError(f"no strings of {type(memory).__name__}")


def _spelt(memory: MemoryTask, model: Model, runtime: RuntimeParams, seed: int, resume: Resume) -> Outcome:
    """A task of strings: every token is predicted, as in a text; the answers are judged."""
    strings = _strings_of(memory)
    network = build(model, strings.vocabulary_size, seed)
    trained = _trained(network, strings, memory, model.max_grad_norm, runtime, seed, resume)
    test = strings.questions(Random(f"test {seed}"), memory.test_sequences)
    whole = None
    if isinstance(strings, Reber) and isinstance(network, LanguageModel):  # a cloze model gives a string no probability
        floor = math.fsum(map(bits_of, test)) / len(test)
        whole = {"bits": bits_per_string(network, test), "with_memory": floor, "without": floor + 1}
    given = answers(network, test, strings.choices)
    return Outcome(trained.history, given, "bits", bits_without_memory(strings), whole)


def _trained(
    network: Network,
    strings: Strings,
    memory: MemoryTask,
    max_grad_norm: float | None,
    runtime: RuntimeParams,
    seed: int,
    resume: Resume,
) -> Trained:
    """One pass over fresh strings, each from the zero state.

    Nothing comes twice, so there is nothing to overfit: the one validation is at the end, and the last weights stay.
    """
    train = drawn(strings, Random(f"train {seed}"), memory.budget_tokens)
    validation = strings.questions(Random(f"validation {seed}"), memory.test_sequences)
    return fit(
        network,
        _split(train),
        _split(validation),
        learning_rate=memory.learning_rate,
        max_grad_norm=max_grad_norm,
        batching=UnitBatching(mode="units"),
        training=TrainingParams(
            processes=1,
            batch_size=memory.batch_size,
            bptt_steps=max(2, *(len(string.ids) for string in train)),
            budget_tokens=memory.budget_tokens,
            weight_decay=memory.weight_decay,
            num_validations=1,
            log_every_steps=memory.log_every_steps,
        ),
        runtime=runtime,
        seed=seed,
        live=lambda rows: None,
        resume=resume,
    )


def _split(strings: Sequence[String]) -> Split:
    """The strings as a text: a symbol is a character, and none needs spelling."""
    ids = joined(strings)
    return Split(ids, characters=len(ids), spelling_nats=0.0)


def _summed(memory: AddingTask, model: Model, seed: int, resume: Resume) -> Outcome:
    """The task of real inputs: the error after the last step is all there is to learn from."""
    network = Regressor(model, CHANNELS, seed)
    torch.manual_seed(seed)  # dropout has no generator of its own
    history = fit_regressor(
        network,
        list(batches(memory.lengths, memory.batch_size, memory.budget_tokens, seed)),
        learning_rate=memory.learning_rate,
        weight_decay=memory.weight_decay,
        max_grad_norm=model.max_grad_norm,
        log_every_steps=memory.log_every_steps,
        resume=resume,
    )
    generator = torch.Generator().manual_seed(2**32 + seed)  # seeds are below 2**32: no training has this one
    lengths = [*memory.lengths, *memory.unseen_lengths]
    given = sums_answered(network, lengths, memory.test_sequences, generator)
    return Outcome(history, given, "squared_error", SQUARED_ERROR_WITHOUT_MEMORY)


def _history(rows: Sequence[Mapping[str, Any]], unit: str) -> list[Row]:
    """A row a distance, so that MLflow lays the cells over each other; the training's rows count steps."""
    keys = {"accuracy": "memory/accuracy_at_distance", unit: f"memory/{unit}_at_distance"}
    return [Row(row["distance"], {name: row[key] for key, name in keys.items()}) for row in rows]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of memory.csv: the ends of its interval have columns of their own."""
    low, high = row["interval"]
    return {key: value for key, value in row.items() if key != "interval"} | {"low": low, "high": high}


if __name__ == "__main__":
    memory.main()
