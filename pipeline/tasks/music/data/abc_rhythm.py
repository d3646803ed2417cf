"""How long the notes of ABC notation are: unit lengths, tuplets and broken rhythm."""

import re
from dataclasses import dataclass
from fractions import Fraction

COMPOUND = ("6/8", "9/8", "12/8")
USUAL = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
"""In the time of how many notes a tuplet is where neither it nor the metre says it."""


@dataclass
class Rhythm:
    """What the length of the next note depends on."""

    metre: str
    unit: Fraction
    """Of a whole note."""
    broken: Fraction = Fraction(1)
    """By how much the next note is longer than it is written."""
    left: int = 0
    """Notes of a tuplet that are still to come."""
    factor: Fraction = Fraction(1)
    """By how much they are longer."""

    def beats(self, length: Fraction) -> Fraction:
        """Quarter notes of the next note, which is so many units long as it is written."""
        beats = 4 * self.unit * length * self.broken * (self.factor if self.left else 1)
        self.left, self.broken = max(self.left - 1, 0), Fraction(1)
        return beats

    def begin_tuplet(self, text: str) -> None:
        """`(p:q:r`: p notes in the time of q, for the next r notes."""
        p, q, r = ([int(n) if n else 0 for n in text[1:].split(":")] + [0, 0])[:3]
        usual = USUAL.get(p, 3 if self.metre in COMPOUND else 2)
        self.left, self.factor = r or p, Fraction(q or usual, p)

    def begin_broken(self, text: str) -> Fraction:
        """`a>b`: by how much a is longer; b is shorter by as much. Of `a<b` the other way round."""
        short = Fraction(1, 2 ** len(text))
        before, self.broken = (2 - short, short) if ">" in text else (short, 2 - short)
        return before


def length_of(text: str) -> Fraction:
    """
    >>> [str(length_of(text)) for text in ("", "2", "/", "3/2", "//", "/4")]
    ['1', '2', '1/2', '3/2', '1/4', '1/4']
    """
    top, slashes, bottom = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    return Fraction(int(top or 1), int(bottom) if bottom else 2 ** len(slashes))
