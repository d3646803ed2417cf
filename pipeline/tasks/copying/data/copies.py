"""Copying: `d a f b b _ _ _ _ ! d a f b b`.

Random symbols, blanks, a marker, and then the same symbols again (Hochreiter & Schmidhuber 1997; in this form Arjovsky,
Shah & Bengio 2016, arXiv:1511.06464). With memory a recalled symbol costs 0 nats, without it ln 8. The literature
spreads what the n recalled symbols cost over all T + 2 n steps and writes the floor as n ln 8 / (T + 2 n); here
it is taken per recalled symbol, and in bits: 3. The other symbols can't be known, and are not judged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pipeline.base.errors import PipelineError
from pipeline.tasks.copying.params import CopyingParams
from pipeline.tasks.strings import FIRST, String, ids_of
from pipeline.tokens.windows import EOS

SYMBOLS = "abcdefgh_!"
IDS = {symbol: i for i, symbol in enumerate(SYMBOLS, FIRST)}
*ALPHABET, BLANK, MARKER = IDS.values()
BEGINNING = re.compile(r"[a-h]+_*!")


@dataclass(frozen=True)
class Copying:
    """Strings of so many symbols, with these numbers T of blanks, and in the test with unseen ones too."""

    symbols: int
    lengths: Sequence[int]
    unseen_lengths: Sequence[int]

    names = tuple(SYMBOLS)
    separator = ""
    choices = tuple(ALPHABET)

    def draw(self, random: Random) -> String:
        """A string with any number of blanks, each as likely as the others."""
        return self.string(random, random.choice(self.lengths))

    def questions(self, random: Random, number: int) -> list[String]:
        """`number` strings with each number of blanks."""
        blanks = [*self.lengths, *self.unseen_lengths]
        return [self.string(random, length) for length in blanks for _ in range(number)]

    def asked(self, line: str, where: str) -> String:
        """A string up to its marker, such as `dafbb____!`; spaces are ignored."""
        before = "".join(line.split())
        if not BEGINNING.fullmatch(before):
            rule = "symbols from a to h, blanks (_) and a marker (!)"
            raise PipelineError(where, rule, repr(line), "write `dafbb____!`")
        number, blanks = len(before.rstrip("_!")), before.count("_")
        places = range(len(before), len(before) + number)
        return String([*ids_of(before, IDS, where), *[ALPHABET[0]] * number, EOS], places, blanks)

    def string(self, random: Random, blanks: int) -> String:
        """One string; its distance is T, the number of blanks."""
        symbols = random.choices(ALPHABET, k=self.symbols)
        before = [*symbols, *[BLANK] * blanks, MARKER]
        return String([*before, *symbols, EOS], range(len(before), len(before) + self.symbols), blanks)


def strings(params: CopyingParams) -> Copying:
    """The strings of a task's params."""
    return Copying(params.symbols, params.lengths, params.unseen_lengths)
