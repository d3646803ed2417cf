"""Copying: `d a f b b _ _ _ _ ! d a f b b`.

Random symbols, blanks, a marker, and then the same symbols again (Hochreiter & Schmidhuber 1997; in this form Arjovsky,
Shah & Bengio 2016, arXiv:1511.06464). With memory a recalled symbol costs 0 nats, without it ln 8. The literature
spreads what the n recalled symbols cost over all T + 2 n steps and writes the floor as n ln 8 / (T + 2 n); here
it is taken per recalled symbol, and in bits: 3. The other symbols can't be known, and are not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pipeline.memory.strings import FIRST, String
from pipeline.tokens.windows import EOS

ALPHABET = tuple(range(FIRST, FIRST + 8))
BLANK, MARKER = FIRST + 8, FIRST + 9


@dataclass(frozen=True)
class Copying:
    """Strings of so many symbols, with these numbers T of blanks, and in the test with unseen ones too."""

    symbols: int
    lengths: Sequence[int]
    unseen_lengths: Sequence[int]

    vocabulary_size = FIRST + len(ALPHABET) + 2
    choices = ALPHABET

    def draw(self, random: Random) -> String:
        """A string with any number of blanks, each as likely as the others."""
        return self.string(random, random.choice(self.lengths))

    def questions(self, random: Random, number: int) -> list[String]:
        """`number` strings with each number of blanks."""
        blanks = [*self.lengths, *self.unseen_lengths]
        return [self.string(random, length) for length in blanks for _ in range(number)]

    def string(self, random: Random, blanks: int) -> String:
        """One string; its distance is T, the number of blanks."""
        symbols = random.choices(ALPHABET, k=self.symbols)
        before = [*symbols, *[BLANK] * blanks, MARKER]
        return String([*before, *symbols, EOS], range(len(before), len(before) + self.symbols), blanks)
