"""Embedded Reber grammar: `B T BTXSE T E` or `B P BTXSE P E`.

The Reber grammar (Reber 1967; Cleeremans, Servan-Schreiber & McClelland 1989) is an automaton whose every choice is
between two arcs, each with probability 1/2. Embedded (Hochreiter & Schmidhuber 1997, experiment 1), its string stands
between two equal symbols, T or P. The string in the middle costs 6 bits on average, and the first of the two symbols
1 bit; the second costs 0 bits with memory, for 7 bits a string, and exactly 1 bit more without.
"""

from dataclasses import dataclass
from random import Random

from pipeline.base.errors import PipelineError
from pipeline.tasks.reber.params import ReberParams
from pipeline.tasks.strings import FIRST, String, ids_of
from pipeline.tokens.windows import EOS

SYMBOLS = "BTPSXVE"
IDS = {symbol: i for i, symbol in enumerate(SYMBOLS, FIRST)}
ARCS = (
    (("B", 1),),
    (("T", 2), ("P", 3)),
    (("S", 2), ("X", 4)),
    (("T", 3), ("V", 5)),
    (("X", 3), ("S", 6)),
    (("P", 4), ("V", 6)),
    (("E", 7),),
)
"""The symbols that may follow each state, and the states they lead to; the last state, 7, is the end."""


@dataclass(frozen=True)
class Reber:
    """Strings of the embedded grammar, as long as they happen to be."""

    names = tuple(SYMBOLS)
    separator = ""
    choices = (IDS["T"], IDS["P"])

    def draw(self, random: Random) -> String:
        """One string; its distance is the length of the string in the middle."""
        symbol, inner = random.choice("TP"), reber_string(random)
        ids = [IDS[s] for s in ("B", symbol, *inner, symbol, "E")]
        return String([*ids, EOS], [len(ids) - 2], len(inner))

    def questions(self, random: Random, number: int) -> list[String]:
        """`number` strings in all."""
        return [self.draw(random) for _ in range(number)]

    def asked(self, line: str, where: str) -> String:
        """A string up to its last but one symbol, such as `BTBTXSE`; spaces are ignored."""
        before = "".join(line.split())
        if before[:1] != "B" or before[1:2] not in ("T", "P") or before[-1] != "E":
            rule = "a string that begins with BT or BP and ends with the E of the inner string"
            raise PipelineError(where, rule, repr(line), "write `BTBTXSE`")
        ids = [*ids_of(before, IDS, where), self.choices[0], IDS["E"], EOS]
        return String(ids, [len(before)], len(before) - 2)


def bits_of(distance: int) -> float:
    """-log2 p of a string of this distance, with memory: 1 bit for each symbol between B and E in the
    middle, and for the T or P.

    All others, EOS too, are certain. Its mean over all strings is their entropy, 7 bits.
    """
    return distance - 1.0


def reber_string(random: Random) -> str:
    """A string of the grammar itself, from B to E."""
    state, symbols = 0, ""
    while state < len(ARCS):
        symbol, state = random.choice(ARCS[state])
        symbols += symbol
    return symbols


def strings(params: ReberParams) -> Reber:
    """The strings of a task's params."""
    return Reber()
