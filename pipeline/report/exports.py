"""Numbers for `dvc metrics diff`, `dvc plots` and `dvc exp show`: metrics.json and tidy CSV files.

What a cloze model scores stands under keys and in files of its own.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.artifacts import write_json
from pipeline.report.collect import LevelResults, ModelResults, Results
from pipeline.report.tables import REACHES, ScoreRow, cloze_scores, scores

BITS = "bits_per_char"
MEASURES = ("nats_per_token", "perplexity", BITS)
SCORED = [f"{split}/{measure}" for split in ("validation", "test") for measure in MEASURES]
WEIGHTS = ("initial", "trained")
BEST_NGRAM = "best n-gram"
"""Stands beside the models in metrics.json; its space keeps it apart from their names."""

Numbers = dict[str, float]


def write_exports(results: Results, out: Path) -> None:
    """Write metrics.json, scores.csv, learning_curves.csv, gradients.csv, cloze_scores.csv and cloze_curves.csv."""
    levels = results.levels
    write_json(out / "metrics.json", {level.level: metrics(level) for level in levels})
    for name, table in (("scores", scores), ("cloze_scores", cloze_scores)):
        columns = ["level", "model", "kind", "seeds", "parameters", *SCORED, *(f"{key} +-" for key in SCORED)]
        _write(out / f"{name}.csv", columns, [_score(level, row) for level in levels for row in table(level)])
    for name, models in (("learning_curves", "language_models"), ("cloze_curves", "cloze_models")):
        rows = [row for level in levels for model in getattr(level, models) for row in _learning(level, model)]
        _write(out / f"{name}.csv", ["level", "model", "seed", "step", BITS], rows)
    rows = [row for level in levels for model in level.models for row in _gradients(level, model)]
    _write(out / "gradients.csv", ["level", "model", "seed", "weights", "lag", "gradient"], rows)


def metrics(level: LevelResults) -> dict[str, Numbers]:
    """Means over seeds of what the report's tables show: the best n-gram's and every model's."""
    floor = next(row for row in scores(level) if row.is_best_order)
    best = {key: number.mean for key, number in floor.numbers.items()}
    return {BEST_NGRAM: best} | {model.name: _model_metrics(model) for model in level.models}


def headline(results: Results) -> Numbers:
    """What the report's own run in MLflow shows: bits per character of the test text, by level and model."""
    wanted = {"test/bits_per_char", pseudo("test/bits_per_char")}
    return {
        f"{level.level}/{name}/{key}": number
        for level in results.levels
        for name, numbers in metrics(level).items()
        for key, number in numbers.items()
        if key in wanted
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
        numbers[pseudo(key) if model.is_cloze and key in SCORED else key] = number.mean
    measured = model.numbers("gradients")
    shown = [f"{weights}/{key}" for weights in WEIGHTS for key in REACHES]
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


def _write(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
