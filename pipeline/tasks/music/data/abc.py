"""Tunes from files in ABC notation: a file of several tunes, each from X: on, and lines with one field or music each.

A part that is repeated is read once, with its last ending: what comes again says nothing new. A bar that a repeat
divides, or a pick-up before it, is one bar again where both parts make a whole one.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.abc_body import Bar, Body
from pipeline.tasks.music.data.abc_fields import key_of, metre_of, unit_in, unit_of
from pipeline.tasks.music.data.abc_pitches import Pitches
from pipeline.tasks.music.data.abc_rhythm import Rhythm
from pipeline.tasks.music.data.tunes import Note, Tune, beats_of_bar

FIELD = re.compile(r"([A-Za-z]):(?![|:])(.*)")

Line = tuple[int, str]
"""Its number and what it has."""


def tunes_in(text: str, name: str) -> Iterator[list[Line]]:
    """The lines of each tune of a file; what stands before the first X: is no tune.

    Raises:
        CorpusError: where there is none.
    """
    lines = list(enumerate(text.splitlines(), start=1))
    starts = [number for number, line in lines if line.startswith("X:")]
    if not starts:
        raise CorpusError(
            name, "a tune in ABC notation, which begins with X:", "none", "correct the file, or remove it"
        )
    for start, after in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        yield lines[start - 1 : after - 1]


def tune_of_lines(lines: Sequence[Line], name: str) -> Tune:
    """One tune.

    Raises:
        CorpusError: where it cannot be read; with its line.
    """
    header, body = read_lines(lines, name)
    bars = whole_bars(played_once(body.end()), header["M"])
    if not any(note.pitch is not None for bar in bars for note in bar):
        raise CorpusError(f"{name}: line {lines[0][0]}", "a tune with a note", "none", "write one, or remove the tune")
    kind = " ".join(header.get("R", "").lower().split())
    return Tune(header.get("T", ""), kind, header["K"], header["M"], bars, f"{name}: line {lines[0][0]}")


def read_lines(lines: Sequence[Line], name: str) -> tuple[dict[str, str], Body]:
    """The header's fields (the first of each; key and metre by their names) and the music behind it."""
    header: dict[str, str] = {}
    body: Body | None = None
    for number, line in lines:
        where = f"{name}: line {number}"
        if (found := FIELD.match(line)) is not None:
            field, value = found[1], re.sub(r"(?<!\\)%.*", "", found[2]).strip()
            if body is not None:
                _check_voice(field, value, header, where)
                body.field(field, value, where)
            elif field == "K":
                header["K"], signature = key_of(value, where)
                body = _body(header, signature, where)
            else:
                header.setdefault(field, value)
        elif body is not None and not line.startswith("%"):
            body.read(line, where)
    if body is None:
        raise CorpusError(f"{name}: line {lines[0][0]}", "K: ends the header of a tune", "none", "write it")
    return header, body


def _body(header: dict[str, str], signature: dict[str, int], where: str) -> Body:
    if "M" not in header:
        raise CorpusError(where, "M: before K: says the metre", "none", "write it, as M:6/8")
    header["M"] = metre_of(header["M"], where)
    unit = unit_of(header["L"], where) if "L" in header else unit_in(header["M"])
    return Body(Rhythm(header["M"], unit), Pitches(signature))


def _check_voice(field: str, value: str, header: dict[str, str], where: str) -> None:
    if field == "V" and header.setdefault("V", value).split()[:1] != value.split()[:1]:
        raise CorpusError(where, "tunes of one voice", f"V:{value}", "take the other voices out")


def played_once(bars: Sequence[Bar]) -> list[list[Note]]:
    """Of endings that follow each other, the last alone.

    >>> from fractions import Fraction
    >>> a, b, c, d = ([Note(pitch, Fraction(1))] for pitch in (60, 61, 62, 63))
    >>> played_once([Bar(a, ""), Bar(b, "1"), Bar(c, "2"), Bar(d, "")]) == [a, c, d]
    True
    """
    runs = [(ending, [bar.notes for bar in run]) for ending, run in groupby(bars, key=lambda bar: bar.ending)]
    return [
        notes for (ending, run), (behind, _) in pairwise([*runs, ("", [])]) if not (ending and behind) for notes in run
    ]


def whole_bars(bars: Sequence[Sequence[Note]], metre: str) -> list[list[Note]]:
    """Two neighbours that are a whole bar together are one.

    >>> from fractions import Fraction
    >>> a, b, c = (Note(60, Fraction(beats)) for beats in (4, 3, 1))
    >>> [len(bar) for bar in whole_bars([[c], [a], [b], [c], [a]], "4/4")]
    [1, 1, 2, 1]
    """
    whole: list[list[Note]] = []
    for bar in bars:
        together = [*whole[-1], *bar] if whole else []
        if sum(note.beats for note in together) == beats_of_bar(metre):
            whole[-1] = together
        else:
            whole.append(list(bar))
    return whole
