"""Section of the report: what each network pays for music, and what it writes."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pipeline.report.applications import best_model, measured, of_values
from pipeline.report.formats import percent, pooled
from pipeline.report.parts import Block, Heading, Paragraph, Picture, Quotation, Row, Sound, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport
from pipeline.tasks.music.data.encoding import chords_of, tune_of
from pipeline.tasks.music.data.formats import abc, played, tempo_of
from pipeline.tasks.music.data.played import cut
from pipeline.tasks.music.data.roll_figure import rolls_figure
from pipeline.tasks.music.data.synthesis import write_wav
from pipeline.tasks.music.data.tunes import Piece

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SECONDS = 12
"""Of a sample that can be heard: a page with all of it would be large."""
SHARE = MeasureWords("share", "share", "%")
COLUMNS = {
    "bars": "bars that add up (%)",
    "in_key": "notes in key (%)",
    "copied": "copied runs of 8 tokens (%)",
    "ended": "ended by itself (%)",
    "notes": "notes, or frames",
    "distinct": "different pitches",
    "repeated": "one note in a row, at most",
}
SHARES = ("bars", "in_key", "copied", "ended")


def _blocks(results: TaskResults) -> Iterator[Block]:
    writing = [model for model in results.models if "samples" in _details(model)]
    filling = [model for model in results.models if "filled" in _details(model)]
    if writing:
        yield from _written(results, writing)
    for model in filling:
        yield from _filled(model)


def _details(model: TaskModelResults) -> Mapping[str, Any]:
    """Of the first seed."""
    return next(iter(model.seeds.values()))["details"]


def _written(results: TaskResults, models: Sequence[TaskModelResults]) -> Iterator[Block]:
    best = best_model(results, measured(results, REPORT)[0])
    yield Heading("What the networks write")
    yield Paragraph(
        "Each network writes pieces of the most frequent kinds, from the kind alone: it begins with a key and a metre, "
        f"and ends when it draws the end. Temperature {results.params['temperature']}. The row of real pieces has the "
        "test pieces of these kinds. A bar adds up where its notes are as long as the metre says; pick-ups do not, and "
        "the seventh that a minor key raises is not in its signature, so real pieces have less than 100 %. Copied are "
        "runs of 8 tokens, about a bar, that the training split has."
    )
    yield _measures(models)
    tunes = _details(best).get("tunes", [])
    if tunes:
        pieces = [_piece(results, tune) for tune in tunes]
        yield Heading(f"The first piece of each kind that {best.name} wrote; none picked by hand")
        yield from _heard(results, tunes, pieces)
        yield _rolls(results, pieces)


def _measures(models: Sequence[TaskModelResults]) -> Table:
    """A test split may have no piece of the kinds that are written."""
    heads = ["", "pieces", *COLUMNS.values()]
    real = [_row("real pieces", [row]) for row in _of_all(_details(models[0])["real"])]
    return Table(heads, [*real, *(_row(model.name, _of_seeds(model)) for model in models)])


def _of_seeds(model: TaskModelResults) -> list[Mapping[str, Any]]:
    return [row for about in model.seeds.values() for row in _of_all(about["details"]["samples"])]


def _of_all(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["kind"] == "all"]


def _row(name: str, seeds: Sequence[Mapping[str, Any]]) -> Row:
    cells = [
        percent([row[key] for row in seeds]) if key in SHARES else pooled([row[key] for row in seeds], 1)
        for key in COLUMNS
    ]
    return Row([name, str(sum(row["n"] for row in seeds)), *cells])


def _piece(results: TaskResults, tune: Mapping[str, Any]) -> Piece:
    if results.params["format"] == "chords":
        return chords_of(tune["tokens"], tune["title"])
    return tune_of(tune["tokens"], tune["title"], tune["kind"] or "")


def _a_frame(results: TaskResults) -> Fraction:
    return Fraction(1, int(results.params["steps_per_beat"]))


def _heard(results: TaskResults, tunes: Sequence[Mapping[str, Any]], pieces: Sequence[Piece]) -> Iterator[Block]:
    """The notes of each piece, and its first seconds as sound."""
    for tune, piece in zip(tunes, pieces, strict=True):
        tempo, notes = tempo_of(piece), played(piece, _a_frame(results))
        cost = f"{tune['title']}: {tune['nats_per_token']:.3f} nats a token"
        yield Quotation(cost, abc(piece, _a_frame(results)))
        yield Sound(
            f"{tune['title']}, {SECONDS} seconds at most", write_wav(cut(notes, Fraction(SECONDS * tempo, 60)), tempo)
        )


def _rolls(results: TaskResults, pieces: Sequence[Piece]) -> Picture:
    def draw() -> "Figure":
        return rolls_figure([(piece.title, piece) for piece in pieces], _a_frame(results))

    caption = "A line is a note, a grey line the end of a bar. Notes that the key does not have are red."
    alt = f"Piano rolls of {len(pieces)} pieces that a network wrote: pitch over time."
    return Picture(f"{results.task}_rolls", "Piano rolls", alt, caption, draw)


def _filled(model: TaskModelResults) -> Iterator[Block]:
    """What a network that reads both ways puts into a bar that is open."""
    gaps = [about["details"]["gaps"] for about in model.seeds.values()]
    yield Heading(f"Bars that {model.name} filled")
    said = (
        "It reads both ways, so it predicts each token from all others: what it pays is no probability of a piece, and "
        "has a column of its own. It fills gaps instead: all notes of one bar, or frame, of each of "
        f"{gaps[0]['pieces']} test pieces are taken out, their number is known, and it draws them from left to right. "
        f"{_percent(gaps, 'right')} % of the notes are what they were."
    )
    if "bars" in gaps[0]:
        said += (
            f" {_percent(gaps, 'bars')} % of the filled bars add up, of the true ones {_percent(gaps, 'true_bars')} %."
        )
    yield Paragraph(said)
    for one in _details(model)["filled"]:
        about = " ".join([one["kind"] or "a piece", *one["key"]])
        yield Quotation(
            about, "\n".join(f"{name:7}{one['before']} | {one[key]} | {one['after']}" for name, key in SIDES)
        )


SIDES = (("was", "truth"), ("filled", "filled"))


def _percent(gaps: Sequence[Mapping[str, Any]], key: str) -> str:
    return of_values(SHARE, [gap[key] for gap in gaps])


REPORT = TaskReport(
    title="Music: tunes from their kind",
    asked=(
        "A kind of tune goes in (reel, jig, hornpipe, ...), or nothing, and a tune is written note by note: its key, "
        "its metre, then notes with their lengths, bar by bar. A network is scored by what the notes of real tunes "
        "cost it, given their kind. The set that needs no file is Ryan's Mammoth Collection of fiddle tunes, whose ABC "
        "notation comes with music21; versions of one tune are in one split. Your own files are ABC or MIDI, or chords "
        "as MIDI, JSON or .mat, whose notes are read one after another within a frame. Intervals are over pieces."
    ),
    measures=[
        MeasureWords("nats_per_frame", "cost of a frame", "nats", better="lower"),
        MeasureWords("bits", "cost of a token", "bits", better="lower"),
        MeasureWords("nats_after_first", "cost of a frame after the first", "nats", better="lower"),
        MeasureWords("pseudo_bits", "of a token, given all others", "bits", better="lower"),
    ],
    tables={"kind": "By kind", "length": "By length (tokens)"},
    blocks=lambda results: list(_blocks(results)),
)
