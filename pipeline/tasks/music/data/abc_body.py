"""The music of a tune in ABC notation (standard 2.1): lines of notes and bars, read one after the other.

Of a chord the highest note is read. Grace notes, decorations, slurs, annotations and words are left out. An accidental
holds to the end of its bar, in its own octave. Notes that are tied within a bar are one note.
"""

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.abc_fields import key_of, metre_of, unit_of
from pipeline.tasks.music.data.abc_pitches import LENGTH, NOTE, Pitches
from pipeline.tasks.music.data.abc_rhythm import Rhythm, length_of
from pipeline.tasks.music.data.tunes import Note, beats_of_bar

LEXEMES = {
    "tuplet": r"\([2-9](?::\d*){0,2}",
    "skipped": r"""\"[^"]*"|%.*|\{[^}]*\}|![^!|\s]*!|\+[^+\s|]+\+|[!\s\\()~.`*H-Wh-wy]""",
    "field": r"\[[A-Za-z]:[^\]]*\]",
    "bar": r"(?::*\[?\|+\]?:*|:+\]?)(?:\s*\[?\d[\d,-]*)?",
    "ending": r"\[\d[\d,-]*",
    "chord": rf"\[[^\]|]*\]{LENGTH}",
    "note": NOTE.pattern,
    "rest": rf"[zx]{LENGTH}",
    "rests": r"Z\d{0,3}",
    "broken": r"<+|>+",
    "tie": r"-",
}
LEXEME = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in LEXEMES.items()))


@dataclass
class Bar:
    """What is between two bar lines."""

    notes: list[Note]
    ending: str
    """Which time it is played of a part that is repeated, `1` or `2`; empty where always."""


@dataclass
class Body:
    """The bars read so far, and what holds for the next note."""

    rhythm: Rhythm
    pitches: Pitches
    bars: list[Bar] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """Of the bar that has not ended yet."""
    ending: str = ""
    ties: set[int] = field(default_factory=set)
    """The notes of this bar, by number, that are tied to the next."""

    def read(self, line: str, where: str) -> None:
        """Read a line.

        Raises:
            CorpusError: where a sign is none of ABC.
        """
        place = 0
        while place < len(line):
            found = LEXEME.match(line, place)
            if found is None:
                raise CorpusError(where, "notes and bars in ABC notation", repr(line[place:][:20]), "correct the line")
            self._take(str(found.lastgroup), found[0], where)
            place = found.end()

    def end(self) -> list[Bar]:
        """All bars, where no further line comes."""
        self._bar("|")
        return self.bars

    def _take(self, name: str, text: str, where: str) -> None:
        match name:
            case "note":
                self._note(text)
            case "chord":
                self._chord(text, where)
            case "rest":
                self._place(None, length_of(text[1:]))
            case "rests":
                self._rests(int(text[1:] or 1))
            case "bar":
                self._bar(text)
            case "ending":
                self._bar("|" + text)
            case "broken":
                self._break(text, where)
            case "tuplet":
                self.rhythm.begin_tuplet(text)
            case "tie":
                self.ties.add(len(self.notes) - 1)
            case "field":
                self.field(text[1], text[3:-1].strip(), where)

    def field(self, name: str, value: str, where: str) -> None:
        """A field within the music; most of them say nothing of its notes."""
        match name:
            case "K":
                _, self.pitches.signature = key_of(value, where)
            case "L":
                self.rhythm.unit = unit_of(value, where)
            case "M":
                self.rhythm.metre = metre_of(value, where)

    def _note(self, text: str) -> None:
        self._place(*self.pitches.read(text))

    def _chord(self, text: str, where: str) -> None:
        """Its highest note, as long as its first."""
        inside, _, length = text[1:].rpartition("]")
        notes = [self.pitches.read(found[0]) for found in NOTE.finditer(re.sub(LEXEMES["skipped"], "", inside))]
        if not notes:
            raise CorpusError(where, "a chord has a note", repr(text), "correct the line")
        self._place(max(pitch for pitch, _ in notes), notes[0][1] * length_of(length))

    def _place(self, pitch: int | None, length: Fraction) -> None:
        self.notes.append(Note(pitch, self.rhythm.beats(length)))

    def _rests(self, number: int) -> None:
        for _ in range(number):
            self.notes.append(Note(None, beats_of_bar(self.rhythm.metre)))
            self._bar("|")

    def _bar(self, text: str) -> None:
        """A bar line; a double one ends an ending, too, and a number behind it begins one."""
        line, ending = re.fullmatch(r"(\D*?)\s*\[?(\d.*)?", text).groups()  # type: ignore[union-attr]
        if self.notes:
            self.bars.append(Bar(joined(self.notes, self.ties), self.ending))
        if len(line) > 1:
            self.ending = ""
        self.ending = ending or self.ending
        self.pitches.accidentals.clear()
        self.notes, self.ties = [], set()

    def _break(self, text: str, where: str) -> None:
        if not self.notes:
            raise CorpusError(where, f"a note before {text!r}", "none in its bar", "correct the line")
        longer = self.rhythm.begin_broken(text)
        self.notes[-1] = replace(self.notes[-1], beats=self.notes[-1].beats * longer)


def joined(notes: Sequence[Note], ties: Set[int]) -> list[Note]:
    """The notes of a bar, each with those of its pitch that it is tied to.

    >>> a, b = Note(69, Fraction(1)), Note(71, Fraction(1))
    >>> [str(note.beats) for note in joined([a, a, b, a], {0, 2})]
    ['2', '1', '1']
    """
    whole: list[Note] = []
    for number, note in enumerate(notes):
        if whole and number - 1 in ties and note.pitch == notes[number - 1].pitch:
            whole[-1] = replace(whole[-1], beats=whole[-1].beats + note.beats)
        else:
            whole.append(note)
    return whole
