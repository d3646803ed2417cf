"""Who predicts best at a level, and what the models that see both sides reach."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.figures import GREY
from pipeline.report import words
from pipeline.report.collect import LevelResults, ModelResults
from pipeline.report.curves import blank, draw, styles
from pipeline.report.formats import count, number
from pipeline.report.parts import Group, Paragraph, Part, Picture, Row, Table
from pipeline.report.tables import SCORED_SPLITS, ScoreRow, cloze_scores, scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEASURES = {"{}/bits_per_char": ("bits per character", 3), "{}/perplexity": ("perplexity", 2)}
ADAPTIVE = {"adaptive/{}/bits_per_char": ("adaptive bits per character", 3)}
"""Metrics of a split, how a table names them, and with how many decimals."""


def part(level: LevelResults, verdict: str) -> Part:
    """Language models beside the n-grams and the compressors."""
    said = Paragraph(" ".join([verdict, words.ranking(level), words.budget(level), words.unknown(level)]))
    if not level.language_models:
        return Part("Who predicts best", [said, table(scores(level))])
    mixed, adaptive = Paragraph(words.mixture(level)), Paragraph(words.adaptive(level))
    return Part("Who predicts best", [said, table(scores(level)), mixed, adaptive, learning(level, verdict)])


def learning(level: LevelResults, verdict: str) -> Picture:
    """The language models while they learn."""
    title = "Learning curves: bits per character of the validation text while training"
    caption = f"{title}; the dotted line is the best n-gram.{words.band(level)}"
    return Picture(
        f"learning_{level.level}", title, f"Learning curves: {verdict}", caption, lambda: drawn_beside_floor(level)
    )


def cloze_part(level: LevelResults) -> Part:
    """Models that see both sides, whose scores compare with no language model's."""
    title = "Learning curves of the models that see both sides"
    caption = f"Pseudo bits per character of the validation text while training.{words.band(level)}"

    def figure() -> "Figure":
        return drawn(level, level.cloze_models, "pseudo bits per character")[0]

    picture = Picture(f"cloze_{level.level}", title, f"{title}.", caption, figure)
    rows = table(cloze_scores(level), "pseudo ")
    return Part("Models that see both sides", [Paragraph(words.cloze(level)), rows, picture])


def table(rows: Sequence[ScoreRow], pseudo: str = "") -> Table:
    """Scores on the validation and the test text."""
    measures = MEASURES | ({} if pseudo else ADAPTIVE)
    groups = [Group(pseudo + name, SCORED_SPLITS) for name, _ in measures.values()]
    scored = [head for group in groups for head in (f"{group.title}, validation", "test")]
    heads = ["model", "layers x size", "parameters", *scored]
    return Table(heads, [_row(row, measures) for row in rows], names=2, groups=groups, wrapped=False)


def _row(row: ScoreRow, measures: Mapping[str, tuple[str, int]]) -> Row:
    of_splits = [
        number(row[measure.format(split)], decimals)
        for measure, (_, decimals) in measures.items()
        for split in SCORED_SPLITS
    ]
    cells = [row.name, row.shape, count(row["parameters"]), *of_splits]
    return Row(cells, row.kind, badge="best order" if row.is_best_order else "")


def drawn_beside_floor(level: LevelResults) -> "Figure":
    """The language models' curves and the best n-gram."""
    figure, axes = drawn(level, level.language_models, "bits per character")
    floor = level.best_order
    axes.axhline(floor["validation"]["bits_per_char"], color=GREY, linestyle=":", label=f"{floor['name']} floor")
    axes.legend()
    return figure


def drawn(level: LevelResults, models: Sequence[ModelResults], measure: str) -> tuple["Figure", "Axes"]:
    """The score on the validation text by optimiser step."""
    figure, axes = blank(x="optimiser steps", y=f"{measure}, validation text")
    look = styles(level.models)
    for model in models:
        draw(axes, model.curve("train", "validation/bits_per_char"), label=model.name, **look[model.name])
    axes.set_xlim(left=0)
    axes.legend()
    return figure, axes
