"""The tasks: what each model reaches on them, beside what needs no network."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from pipeline.report.formats import NONE, pooled
from pipeline.report.parts import Block, Chapter, Heading, Paragraph, Part, Row, Table, Verdict
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport

INTRODUCTION = (
    "The same models on the classic tasks of sequence models, each beside what needs no network. The best model and "
    "the best baseline are those that did best on the validation split; the scores are of the test split."
)
USES = {"train": "training", "validation": "validation", "test": "the test"}
INTERVALS = "In brackets, the 95 % interval over test examples of one seed; with several seeds ± that of their mean."


def chapter(results: Sequence[TaskResults], reports: Mapping[str, TaskReport]) -> Chapter:
    """An overview, and a part for each task."""
    overview = Part("", [Paragraph(INTRODUCTION), _overview(results, reports)])
    by_name = {task.task: task for task in results}
    parts = [part(task, reports[task.task], by_name) for task in results]
    return Chapter("applications", "Applications", [overview, *parts])


def _overview(results: Sequence[TaskResults], reports: Mapping[str, TaskReport]) -> Table:
    heads = ["task", "shape", "measure", "best model", "its score", "best baseline", "its score", "optimum"]
    rows = [Row(_overview_cells(task, reports[task.task])) for task in results]
    return Table(heads, rows, names=4, note=INTERVALS, wrapped=False)


def _overview_cells(task: TaskResults, words: TaskReport) -> list[str]:
    main = measured(task, words)[0]
    model, baseline, optimum = best_model(task, main), best_baseline(task, main), _optimum(task)
    return [
        words.title,
        task.shape,
        main.head,
        model.name,
        of_seeds(main, model.measures("test", main.name)),
        baseline["name"] if baseline else NONE,
        of_baseline(main, baseline),
        of_baseline(main, optimum),
    ]


def part(task: TaskResults, words: TaskReport, by_name: Mapping[str, TaskResults]) -> Part:
    """What is asked, all scores, scores by length and the like, and what the task alone shows."""
    blocks: list[Block] = [Paragraph(f"{words.asked} {_sizes(task)}", formulas=words.formulas), scores(task, words)]
    for key, title in words.tables.items():
        if _has(task, key):
            blocks += [Heading(title), by(task, words, key)]
    alone, beside = words.blocks(task), words.compared(task, by_name)
    return Part(words.title, [*blocks, *alone, *beside, Verdict(verdict(task, words))])


def _sizes(task: TaskResults) -> str:
    splits = task.about["splits"]
    sizes = [f"{splits[name]['examples']:,} for {what}" for name, what in USES.items()]
    return f"Examples: {sizes[0]}, {sizes[1]}, {sizes[2]}."


def measured(task: TaskResults, words: TaskReport) -> list[MeasureWords]:
    """The measures that some model or baseline has, the main one first: a task may have several kinds of examples."""
    found = {name for model in task.models for about in model.seeds.values() for name in about["test"]}
    found |= {name for baseline in task.baselines for name in baseline["scores"]["test"]}
    return [measure for measure in words.measures if measure.name in found]


def scores(task: TaskResults, words: TaskReport) -> Table:
    """Baselines, models, and the optimum where it is known, on the test split."""
    measures = measured(task, words)
    rows = [
        Row([baseline["name"], *(of_baseline(m, baseline) for m in measures)], kind=baseline["kind"])
        for baseline in task.baselines
    ]
    networks = [
        Row([model.name, *(of_seeds(m, model.measures("test", m.name)) for m in measures)], kind="network")
        for model in task.models
    ]
    return Table(["", *(m.head for m in measures)], [*rows, *networks], note=INTERVALS)


def by(task: TaskResults, words: TaskReport, key: str) -> Table:
    """The main measure of every model at each value of what a table goes by."""
    main = measured(task, words)[0]
    rows = {model.name: model.rows(key) for model in task.models}
    values = list(dict.fromkeys(value for found in rows.values() for value in found))
    cells = [
        [str(value), str(_n(rows, value)), *(_cell(main, rows[model.name].get(value, [])) for model in task.models)]
        for value in values
    ]
    return Table([key, "n", *(f"{model.name}: {main.head}" for model in task.models)], list(map(Row, cells)))


def _n(rows: Mapping[str, Mapping[Any, Sequence[Mapping[str, Any]]]], value: Any) -> int:
    return next(found[value][0]["n"] for found in rows.values() if value in found)


def _cell(measure: MeasureWords, rows: Sequence[Mapping[str, Any]]) -> str:
    return of_values(measure, [row.get(measure.name) for row in rows]) if rows else NONE


def _has(task: TaskResults, key: str) -> bool:
    return any(model.rows(key) for model in task.models)


def of_seeds(measure: MeasureWords, seeds: Sequence[Mapping[str, float] | None]) -> str:
    """One seed's value with its interval over examples, several seeds' mean with the interval of that.

    >>> of_seeds(MeasureWords("accuracy", "accuracy", "%"), [{"value": 0.5, "low": 0.25, "high": 0.75}])
    '50.0 (25.0-75.0)'
    """
    if len(seeds) == 1 and seeds[0] is not None:
        value, low, high = (shown(measure, seeds[0][key]) for key in ("value", "low", "high"))
        return value if low == high else f"{value} ({low}-{high})"
    return of_values(measure, [None if seed is None else seed["value"] for seed in seeds])


def of_values(measure: MeasureWords, values: Sequence[float | None]) -> str:
    """The value over seeds."""
    scale, decimals = (100, 1) if measure.unit == "%" else (1, 3)
    return pooled([None if value is None else scale * value for value in values], decimals)


def shown(measure: MeasureWords, value: float) -> str:
    """
    >>> shown(MeasureWords("f1", "F1", "%"), 0.125), shown(MeasureWords("mcc", "MCC"), 0.5)
    ('12.5', '0.500')
    """
    return f"{100 * value:.1f}" if measure.unit == "%" else f"{value:.3f}"


def of_baseline(measure: MeasureWords, baseline: Mapping[str, Any] | None) -> str:
    """The test score of a baseline, or of the optimum."""
    found = baseline and baseline["scores"]["test"].get(measure.name)
    return of_seeds(measure, [found]) if found else NONE


def best_model(task: TaskResults, measure: MeasureWords) -> TaskModelResults:
    """The model that does best on the validation split, of those that have the measure (of all, where none has it)."""

    def mean(model: TaskModelResults) -> float:
        return fmean(value or 0.0 for value in model.values("validation", measure.name))

    compared = [model for model in task.models if any(model.measures("validation", measure.name))]
    return (max if measure.better == "higher" else min)(compared or task.models, key=mean)


def best_baseline(task: TaskResults, measure: MeasureWords) -> Mapping[str, Any] | None:
    """The baseline that does best on the validation split; None where no baseline has the measure."""
    found = [
        baseline
        for baseline in task.baselines
        if baseline["kind"] == "baseline" and measure.name in baseline["scores"].get("validation", {})
    ]
    best = max if measure.better == "higher" else min
    return best(found, key=lambda row: row["scores"]["validation"][measure.name]["value"]) if found else None


def _optimum(task: TaskResults) -> Mapping[str, Any] | None:
    return next((baseline for baseline in task.baselines if baseline["kind"] == "optimum"), None)


def verdict(task: TaskResults, words: TaskReport) -> str:
    """The best model beside the best baseline and the optimum."""
    main = measured(task, words)[0]
    model, baseline, optimum = best_model(task, main), best_baseline(task, main), _optimum(task)
    said = f"Best on validation: {model.name}, with {main.title} {of_seeds(main, model.measures('test', main.name))}"
    said += f" {main.unit} on the test split" if main.unit else " on the test split"
    if baseline is not None:
        said += f"; {baseline['name']} has {of_baseline(main, baseline)}"
    if optimum is not None:
        said += f"; the optimum is {of_baseline(main, optimum)}"
    return f"{said}."
