"""Numbers for `dvc metrics diff`, `dvc plots` and `dvc exp show`: metrics.json and tidy CSV files.

What a cloze model scores stands under keys and in files of its own.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.base.artifacts import write_json
from pipeline.report import context, recall
from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults, Results, TaskResults
from pipeline.report.estimates import estimate
from pipeline.report.reach import HORIZONS
from pipeline.report.tables import ScoreRow, cloze_scores, scores

BITS = "bits_per_char"
MEASURES = ("nats_per_token", "perplexity", BITS)
SCORED = [f"{split}/{measure}" for split in ("validation", "test") for measure in MEASURES]
OF_ITS_SCORES = {*SCORED, "validation/unknown_share", "test/unknown_share"}
"""What of a cloze model's metrics is pseudo."""
REACHES = ["half_life", *(f"horizon_{share}" for share in HORIZONS)]
BEST_NGRAM = "best n-gram"
"""Stands beside the models in metrics.json; its space keeps it apart from their names."""

Numbers = dict[str, float]


def write_exports(results: Results, out: Path) -> None:
    """Write metrics.json and the CSV files: scores, curves, gradients, horizons, use of context, memory."""
    levels = results.levels
    memories = {task.task: remembered(task) for task in results.tasks}
    write_json(out / "metrics.json", {level.level: metrics(level) for level in levels} | {"memory": memories})
    for name, table in (("scores", scores), ("cloze_scores", cloze_scores)):
        columns = ["level", "model", "kind", "seeds", "parameters", *SCORED, *(f"{key} +-" for key in SCORED)]
        _write(out / f"{name}.csv", columns, [_score(level, row) for level in levels for row in table(level)])
    for name, models in (("learning_curves", "language_models"), ("cloze_curves", "cloze_models")):
        rows = [row for level in levels for model in getattr(level, models) for row in _learning(level, model)]
        _write(out / f"{name}.csv", ["level", "model", "seed", "step", BITS], rows)
    rows = [row for level in levels for model in level.models for row in _gradients(level, model)]
    _write(out / "gradients.csv", ["level", "model", "seed", "weights", "lag", "gradient"], rows)
    rows = [row for level in levels for model in level.models for row in _horizons(level, model)]
    _write(out / "horizons.csv", ["level", "model", "seed", "weights", "says", *REACHES, "lyapunov_1"], rows)
    rows = [row for level in levels for model in level.models for row in _context(level, model)]
    _write(out / "context.csv", ["level", "model", "seed", "context", "excess"], rows)
    columns = ["task", "model", "seed", "distance", "n", "accuracy", "low", "high"]
    _write(out / "memory.csv", columns, [row for task in results.tasks for row in _memory(task)])


def metrics(level: LevelResults) -> dict[str, Numbers]:
    """Means over seeds of what the report's tables show: the best n-gram's and every model's."""
    floor = next(row for row in scores(level) if row.is_best_order)
    best = {key: number.mean for key, number in floor.numbers.items()}
    return {BEST_NGRAM: best} | {model.name: _model_metrics(model) for model in level.models}


def headline(results: Results) -> Numbers:
    """What the report's own run in MLflow shows: bits per character of the test text, and answers of the tasks."""
    wanted = {"test/bits_per_char", pseudo("test/bits_per_char")}
    scored = {
        f"{level.level}/{name}/{key}": number
        for level in results.levels
        for name, numbers in metrics(level).items()
        for key, number in numbers.items()
        if key in wanted
    }
    answered = {
        f"memory/{task.task}/{name}/accuracy": numbers["accuracy"]
        for task in results.tasks
        for name, numbers in remembered(task).items()
    }
    return scored | answered


def remembered(task: TaskResults) -> dict[str, Numbers]:
    """Means over seeds: the share of right answers, and what one costs in the task's unit."""
    return {
        model.name: {
            "accuracy": estimate(recall.accuracy(model)).mean,
            task.floor["unit"]: estimate(recall.cost(task, model)).mean,
        }
        for model in task.models
    }


def pseudo(key: str) -> str:
    """The name of a cloze model's score.

    >>> pseudo("test/perplexity")
    'test/pseudo_perplexity'
    """
    split, measure = key.split("/")
    return f"{split}/pseudo_{measure}"


def _model_metrics(model: ModelResults) -> Numbers:
    numbers: Numbers = {}
    for key, number in model.numbers("train").items():
        numbers[pseudo(key) if model.is_cloze and key in OF_ITS_SCORES else key] = number.mean
    measured = model.numbers("gradients")
    shown = [f"{weights}/{key}" for weights in WEIGHTS for key in REACHES]
    used = [f"context/effective_context_{kind}" for kind in ("cut", "shuffled")]
    numbers |= {key: measured[key].mean for key in used if key in measured}
    return numbers | {f"gradients/{key}": measured[key].mean for key in shown if key in measured}


def _score(level: LevelResults, row: ScoreRow) -> list[object]:
    """One line of scores.csv: means, then half-widths of the intervals; empty where there is none."""
    numbers = [row[key] for key in SCORED]
    means = [None if number is None else number.mean for number in numbers]
    half_widths = [None if number is None else number.half_width for number in numbers]
    parameters = row["parameters"]
    seeds = row.numbers["test/bits_per_char"].seeds
    name = [level.level, row.name, row.kind, seeds, None if parameters is None else int(parameters.mean)]
    return [*name, *means, *half_widths]


def _learning(level: LevelResults, model: ModelResults) -> Iterator[list[object]]:
    for seed in model.seeds:
        for row in seed.records["train"].history:
            if f"validation/{BITS}" in row.metrics:
                yield [level.level, model.name, seed.seed, row.step, row.metrics[f"validation/{BITS}"]]


def _gradients(level: LevelResults, model: ModelResults) -> Iterator[list[object]]:
    for seed in model.seeds:
        for weights in WEIGHTS:
            for row in seed.records["gradients"].history:
                if (value := row.metrics.get(f"gradient/{weights}")) is not None:
                    yield [level.level, model.name, seed.seed, weights, row.step, value]


def _horizons(level: LevelResults, model: ModelResults) -> Iterator[list[object]]:
    """Empty where a lag was not reached."""
    for seed in model.seeds:
        for weights in WEIGHTS:
            measured = seed.records["gradients"].metrics
            numbers = [measured.get(f"{weights}/{key}") for key in (*REACHES, "lyapunov_1")]
            yield [level.level, model.name, seed.seed, weights, seed.verdicts[weights]["says"], *numbers]


def _context(level: LevelResults, model: ModelResults) -> Iterator[list[object]]:
    """Nats per token above the loss with the whole context."""
    for tokens, above in context.excess(model).items():
        for seed, excess in zip(model.seeds, above, strict=True):
            yield [level.level, model.name, seed.seed, tokens, excess]


def _memory(task: TaskResults) -> Iterator[list[object]]:
    for model in task.models:
        for seed, about in model.seeds.items():
            for row in about["by_distance"]:
                yield [task.task, model.name, seed, row["distance"], row["n"], row["accuracy"], *row["interval"]]


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
