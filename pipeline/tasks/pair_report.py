"""What the tasks that translate say in the report."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pipeline.report.applications import best_model
from pipeline.report.curves import blank, legend_beside, styles
from pipeline.report.parts import Block, Heading, Paragraph, Picture, Row, Table
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport
from pipeline.tasks.pair_figures import attention_maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXACT = MeasureWords("exact", "exact match", "%")
BLEU = MeasureWords("bleu", "BLEU", "%")
MEASURES = (EXACT, BLEU, MeasureWords("chrf", "chrF2", "%"))
TABLES = {
    "length": "By length of the source (tokens)",
    "formats": "By whether the format is in training",
    "language": "By language",
}
ASKED = (
    "A text goes in, and its translation comes out, token by token, of another length. The built-in pairs are dates as "
    "people write them in several languages (Unicode's CLDR) and their ISO form, read and written by characters. No "
    "day is in two splits, and some formats are in the test split alone. An encoder reads the source; its last state, "
    "through a bridge, is the first state of a decoder, which predicts each token from those before it. In training "
    "these are the true ones, in the test its own: beam search keeps the likeliest beginnings."
)
ENOUGH = 20
"""Test examples of a length, for a score of them to be compared."""


def pair_report(title: str, said: str) -> TaskReport:
    """The section of one of them, with what it says beside `ASKED`."""
    return TaskReport(
        title,
        f"{ASKED} {said}",
        MEASURES,
        TABLES,
        blocks=lambda task: list(blocks(task)),
        formulas="Encoder-decoder and attention",
    )


def blocks(task: TaskResults) -> Iterator[Block]:
    """Answers of the best model, and where it looked."""
    model = best_model(task, EXACT)
    details = next(iter(model.seeds.values()))["details"]
    signatures = details["signatures"]
    yield Paragraph(f"Scores are those of sacreBLEU: BLEU {signatures['bleu']}, chrF2 {signatures['chrf']}.")
    if details["maps"]:
        caption = (
            "Each row is a token of the answer; the darker a token of the source, the more it looked there. Test "
            "examples in the order of a hash of the source, none picked by hand."
        )
        title = f"Where {model.name} looks"
        yield Picture(
            f"attention_{task.task}", title, _seen(details["maps"]), caption, partial(attention_maps, details["maps"])
        )
    yield Heading(f"Answers of {model.name} to test examples, in the order of a hash of the source")
    yield Table(["", "source", "wanted", "answer"], [_row(shown) for shown in details["examples"]], names=4)


def _row(shown: Mapping[str, Any]) -> Row:
    return Row(["right" if shown["right"] else "wrong", shown["source"], shown["wanted"], shown["answer"]])


def _seen(maps: Sequence[Mapping[str, Any]]) -> str:
    """What the maps show, for who cannot see them."""
    weights = [max(row) for of in maps for row in of["weights"]]
    return (
        f"Attention maps of {len(maps)} test examples. On average the token that is looked at most has "
        f"{100 * fmean(weights):.0f} % of the attention."
    )


def compared(task: TaskResults, others: Mapping[str, TaskResults]) -> list[Block]:
    """The main score by length with and without attention, where the same pairs were translated without."""
    plain = others.get("translation")
    if plain is None or plain.about["splits"] != task.about["splits"] or plain.params["path"] != task.params["path"]:
        return []
    measure = EXACT if task.params["path"] is None else BLEU
    if not all(by_length(task, measure).values()):
        return []
    said = difference(task, plain, measure)
    caption = (
        f"{measure.head} by length of the source: with attention in full lines, without it dashed (after Bahdanau et "
        f"al. 2015, figure 2). Means over seeds; lengths of fewer than {ENOUGH} test examples are left out."
    )
    draw = partial(drawn, task, plain, measure)
    picture = Picture(
        "attention_by_length", "With and without attention, by length", f"{said} {caption}", caption, draw
    )
    return [Heading("With and without attention"), Paragraph(said), picture]


def by_length(task: TaskResults, measure: MeasureWords) -> dict[str, dict[str, float]]:
    """Of each model the score at each length that enough examples have, in hundredths, the mean over seeds."""
    return {
        model.name: {
            length: 100 * fmean(row[measure.name] for row in rows)
            for length, rows in model.rows("length").items()
            if rows[0]["n"] >= ENOUGH
        }
        for model in task.models
    }


def difference(task: TaskResults, plain: TaskResults, measure: MeasureWords) -> str:
    """What attention changes, at the shortest and at the longest sources."""
    sides = [by_length(side, measure) for side in (task, plain)]
    lengths = list(next(iter(sides[0].values())))
    said = []
    for length in dict.fromkeys((lengths[0], lengths[-1])):
        with_it, without = ([of[length] for of in side.values()] for side in sides)
        better = sum(a > b for a, b in zip(with_it, without, strict=True))
        said.append(
            f"Sources of {length} tokens: {measure.head} {fmean(with_it):.1f} with attention, {fmean(without):.1f} "
            f"without (means over models; attention is better in {better} of {len(with_it)})."
        )
    return " ".join(said)


def drawn(task: TaskResults, plain: TaskResults, measure: MeasureWords) -> "Figure":
    """A colour a model."""
    figure, axes = blank(x="length of the source (tokens)", y=measure.head)
    look = styles(task.models)
    for side, line in ((task, "-"), (plain, "--")):
        for name, scores in by_length(side, measure).items():
            label = name if side is task else f"{name}, without"
            axes.plot(list(scores), list(scores.values()), linestyle=line, label=label, **look[name])  # pyright: ignore
    legend_beside(figure)
    return figure
