"""What is read and written: tunes of one voice in bars, and pieces of chords in frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

LOWEST, NUM_KEYS = 21, 88
"""Of a piano: the MIDI number of the lowest key, and how many there are. Chords have no other notes."""
Frame = tuple[int, ...]
"""The MIDI numbers of the notes that sound at once, ascending, each once; none is silence."""


@dataclass(frozen=True)
class Note:
    """A note or a rest."""

    pitch: int | None
    """MIDI number: 60 is the C in the middle; None is a rest."""
    beats: Fraction
    """Length in quarter notes."""


@dataclass(frozen=True)
class Tune:
    """A melody."""

    title: str
    kind: str
    """`reel`, `jig`; empty where it is not known."""
    key: str
    """Tonic and mode as ABC writes them: `D`, `F#m`, `Ador`, `Gmix` (keys.py)."""
    metre: str
    """`6/8`."""
    bars: Sequence[Sequence[Note]]
    where: str = ""
    """The file, and the line where it begins."""

    @property
    def notes(self) -> list[Note]:
        """Those of all bars, one after the other."""
        return [note for bar in self.bars for note in bar]


@dataclass(frozen=True)
class Chords:
    """A piece as frames of equal length. They do not say whether a note is held or repeated."""

    title: str
    frames: Sequence[Frame]
    where: str = ""


Piece = Tune | Chords


def beats_of_bar(metre: str) -> Fraction:
    """Quarter notes of a whole bar.

    >>> beats_of_bar("6/8"), beats_of_bar("2/2")
    (Fraction(3, 1), Fraction(4, 1))
    """
    return 4 * Fraction(metre)
