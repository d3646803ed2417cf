"""The report: its chapters and their parts, in the order in which they are read."""

from collections.abc import Mapping

from pipeline.report import (
    applications,
    clipping,
    comparison,
    context,
    gates,
    layers,
    reach,
    samples,
    scores,
    terms,
    words,
)
from pipeline.report.collect import LevelResults, Results
from pipeline.report.parts import Chapter, Paragraph, Part, Report, Row, Table
from pipeline.report.tables import SCORED_SPLITS
from pipeline.report.task_words import TaskReport


def report(results: Results, tasks: Mapping[str, TaskReport]) -> Report:
    """All that is shown of the results, with what each task says of itself."""
    learned = [applications.chapter(results.tasks, tasks)] if results.tasks else []
    compared = [Chapter("levels", "Levels compared", [comparison.part(results)])] if len(results.levels) > 1 else []
    chapters = [
        Chapter("terms", "Terms", [terms.PART]),
        Chapter("text", "The text", [_text(results)]),
        *map(_level, results.levels),
        *learned,
        *compared,
    ]
    return Report(words.overview(results), chapters)


def _text(results: Results) -> Part:
    splits = results.corpus["splits"]
    rows = [
        Row([name, *(f"{splits[name][of]:,}" for of in ("units", "characters"))]) for name in ("train", *SCORED_SPLITS)
    ]
    table = Table(["split", f"{results.corpus['unit']}s", "characters"], rows, wrapped=False)
    return Part("", [Paragraph(words.text(results)), table])


def _level(level: LevelResults) -> Chapter:
    """How well models predict, how far gradients reach and why, whether that is used, and what models write."""
    verdict = words.verdict(level)
    cloze = [scores.cloze_part(level)] if level.cloze_models else []
    measured = [module.part(level) for module in (reach, layers, gates, context, clipping)]
    parts = [scores.part(level, verdict), *cloze, *measured, samples.part(level)]
    return Chapter(level.level, words.LEVELS[level.level].capitalize(), parts, summary=verdict)
