"""Numbers for `dvc metrics diff`, `dvc plots` and `dvc exp show`: metrics.json and tidy CSV files.

What a cloze model scores stands under keys and in files of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pipeline.base.artifacts import write_csv, write_json
from pipeline.report import context
from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults, Results, SeedResults
from pipeline.report.estimates import estimate
from pipeline.report.reach import HORIZONS
from pipeline.report.tables import RANKED_BY, ScoreRow, cloze_scores, scores
from pipeline.report.task_results import TaskModelResults, TaskResults

BITS = "bits_per_char"
MEASURES = ("nats_per_token", "perplexity", BITS)
SCORED = [f"{split}/{measure}" for split in ("validation", "test") for measure in MEASURES]
OF_ITS_SCORES = {*SCORED, "validation/unknown_share", "test/unknown_share"}
"""What of a cloze model's metrics is pseudo."""
REACHES = ["half_life", *(f"horizon_{share}" for share in HORIZONS)]
RATES = [*REACHES, "lyapunov_1"]
BEST_NGRAM = "best n-gram"
"""Stands beside the models in metrics.json; its space keeps it apart from their names."""

ADAPTIVE = [f"adaptive/{key}" for key in SCORED]
NUMBERS = [*SCORED, *ADAPTIVE]
SCORES = ["level", "model", "kind", "seeds", "parameters", *NUMBERS, *(f"{key} +-" for key in NUMBERS)]
"""Columns: means, then half-widths of the intervals."""
TASKS = ["task", "model", "kind", "seed", "split", "measure", "value", "low", "high"]
DISTANCES = ["distance", "n", "accuracy", "accuracy_low", "accuracy_high"]
CURVES = ["level", "model", "seed", "step", BITS]

Numbers = dict[str, float]
Line = dict[str, object]
"""Values by column; an empty cell for None, which is what a number that there is not is."""


@dataclass(frozen=True)
class Export:
    """A CSV file."""

    name: str
    columns: Sequence[str]
    lines: Iterable[Line]


def write_exports(results: Results, out: Path) -> None:
    """Write metrics.json and the CSV files."""
    tasks = {task.task: task_metrics(task) for task in results.tasks}
    levels = {level.level: metrics(level) for level in results.levels}
    write_json(out / "metrics.json", levels | {"tasks": tasks})
    for export in exports(results):
        write_csv(out / f"{export.name}.csv", export.columns, export.lines)


def exports(results: Results) -> list[Export]:
    """Scores, curves, gradients, horizons and use of context of all levels; scores of all tasks, by distance too."""
    levels, of_seed = results.levels, ["level", "model", "seed"]
    horizons = [*of_seed, "weights", "says", *RATES]
    of_task = ["task", "model", "seed"]
    return [
        Export("scores", SCORES, (_score(level, row) for level in levels for row in scores(level))),
        Export("cloze_scores", SCORES, (_score(level, row) for level in levels for row in cloze_scores(level))),
        Export("learning_curves", CURVES, _joined(_learning(level, level.language_models) for level in levels)),
        Export("cloze_curves", CURVES, _joined(_learning(level, level.cloze_models) for level in levels)),
        Export("gradients", [*of_seed, "weights", "lag", "gradient"], _joined(map(_gradients, levels))),
        Export("horizons", horizons, _joined(map(_horizons, levels))),
        Export("context", [*of_seed, "context", "excess"], _joined(map(_context, levels))),
        Export("distances", [*of_task, *DISTANCES], _joined(map(_distances, results.tasks))),
        Export("tasks", TASKS, _joined(map(_task, results.tasks))),
    ]


_joined = chain.from_iterable


def metrics(level: LevelResults) -> dict[str, Numbers]:
    """Means over seeds of what the report's tables show: the best n-gram's and every model's."""
    floor = next(row for row in scores(level) if row.is_best_order)
    best = {key: number.mean for key, number in floor.numbers.items()}
    return {BEST_NGRAM: best} | {model.name: _model_metrics(model) for model in level.models}


def headline(results: Results) -> Numbers:
    """What the report's own run in MLflow shows: bits per character of the test text, and scores of the tasks."""
    wanted = {RANKED_BY, pseudo(RANKED_BY), f"mixture/{RANKED_BY}", f"adaptive/{RANKED_BY}"}
    scored = {
        f"{level.level}/{name}/{key}": number
        for level in results.levels
        for name, numbers in metrics(level).items()
        for key, number in numbers.items()
        if key in wanted
    }
    tasks = {
        f"tasks/{task.task}/{name}/{measure}": value
        for task in results.tasks
        for name, measures in task_metrics(task).items()
        for measure, value in measures.items()
    }
    return scored | tasks


def task_metrics(task: TaskResults) -> dict[str, Numbers]:
    """Means over seeds of the measures of the test split, of every baseline and every model."""
    rows = {
        baseline["name"]: {name: m["value"] for name, m in baseline["scores"]["test"].items()}
        for baseline in task.baselines
    }
    return rows | {model.name: _measured(model) for model in task.models}


def _measured(model: TaskModelResults) -> Numbers:
    names = next(iter(model.seeds.values()))["test"]
    return {name: estimate([about["test"][name]["value"] for about in model.seeds.values()]).mean for name in names}


def _task(task: TaskResults) -> Iterator[Line]:
    for baseline in task.baselines:
        name: Line = {"task": task.task, "model": baseline["name"], "kind": baseline["kind"], "seed": None}
        yield from _measure_lines(name, baseline["scores"])
    for model in task.models:
        for seed, about in model.seeds.items():
            name = {"task": task.task, "model": model.name, "kind": "network", "seed": seed}
            yield from _measure_lines(name, {split: about[split] for split in ("validation", "test")})


def _measure_lines(name: Line, scores: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[Line]:
    for split, of_split in scores.items():
        for measure, numbers in of_split.items():
            yield {**name, "split": split, "measure": measure, **numbers}


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
    numbers |= {f"mixture/{key}": number.mean for key, number in model.mixture.items()}
    return numbers | {f"gradients/{key}": measured[key].mean for key in shown if key in measured}


def _score(level: LevelResults, row: ScoreRow) -> Line:
    line: Line = {"level": level.level, "model": row.name, "kind": row.kind, "seeds": row.numbers[RANKED_BY].seeds}
    if parameters := row["parameters"]:
        line["parameters"] = int(parameters.mean)
    for key in NUMBERS:
        if number := row[key]:
            line |= {key: number.mean, f"{key} +-": number.half_width}
    return line


def _seeds(level: LevelResults, models: Iterable[ModelResults]) -> Iterator[tuple[SeedResults, Line]]:
    """Every seed, with the columns that name it."""
    for model in models:
        for seed in model.seeds:
            yield seed, {"level": level.level, "model": model.name, "seed": seed.seed}


def _learning(level: LevelResults, models: Iterable[ModelResults]) -> Iterator[Line]:
    for seed, name in _seeds(level, models):
        for row in seed.records["train"].history:
            if f"validation/{BITS}" in row.metrics:
                yield {**name, "step": row.step, BITS: row.metrics[f"validation/{BITS}"]}


def _gradients(level: LevelResults) -> Iterator[Line]:
    for seed, name in _seeds(level, level.models):
        for weights in WEIGHTS:
            for row in seed.records["gradients"].history:
                if (value := row.metrics.get(f"gradient/{weights}")) is not None:
                    yield {**name, "weights": weights, "lag": row.step, "gradient": value}


def _horizons(level: LevelResults) -> Iterator[Line]:
    """Empty where a lag was not reached."""
    for seed, name in _seeds(level, level.models):
        measured = seed.records["gradients"].metrics
        for weights in WEIGHTS:
            rates = {key: measured.get(f"{weights}/{key}") for key in RATES}
            yield {**name, "weights": weights, "says": seed.verdicts[weights]["says"], **rates}


def _context(level: LevelResults) -> Iterator[Line]:
    """Nats per token above the loss with the whole context."""
    for model in level.models:
        for tokens, above in context.excess(model).items():
            for (_, name), excess in zip(_seeds(level, [model]), above, strict=True):
                yield {**name, "context": tokens, "excess": excess}


def _distances(task: TaskResults) -> Iterator[Line]:
    """Of the tasks that are judged by distance."""
    for model in task.models:
        for seed, about in model.seeds.items():
            for row in about["tables"].get("distance", []):
                named: Line = {"task": task.task, "model": model.name, "seed": seed}
                yield named | {key: row[key] for key in DISTANCES if key in row}
