"""Numbers of a language model: sums travel, and are divided once.

A mean of batch means weights a short last batch too much, and a mean per token says nothing about another
tokenizer. So every evaluation adds up nats and counts; the ratios are taken here, at the end.
"""

import math
from dataclasses import dataclass

NATS_PER_BIT = math.log(2)
Z_95 = 1.959963984540054
"""The standard normal lies within plus and minus this with probability 0.95."""


@dataclass(frozen=True)
class Score:
    """What a model paid for a text: sums over all of it, EOS counted.

    >>> score = Score(nats=4 * math.log(2), tokens=4, characters=8)
    >>> score.perplexity, score.bits_per_char
    (2.0, 0.5)
    """

    nats: float
    """Sum of -ln p(token | what came before) over all targets."""
    tokens: int
    """Number of targets, EOS and UNK included."""
    characters: int
    """Characters of the raw text; a unit's end counts as one."""
    spelling_nats: float = 0.0
    """What it costs to spell the unknown words, which predicting UNK leaves open."""
    unknown_nats: float = 0.0
    """The part of `nats` that predicting UNK costs."""

    def __add__(self, other: "Score") -> "Score":
        """The score of both texts together."""
        return Score(
            self.nats + other.nats,
            self.tokens + other.tokens,
            self.characters + other.characters,
            self.spelling_nats + other.spelling_nats,
            self.unknown_nats + other.unknown_nats,
        )

    @property
    def nats_per_token(self) -> float:
        """Mean negative log-likelihood of a token, UNK taken as an answer."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """exp of the nats per token; comparable between models with the same tokens only. inf beyond 1.8e308."""
        try:
            return math.exp(self.nats_per_token)
        except OverflowError:  # a training that explodes gets there
            return math.inf

    @property
    def bits_per_char(self) -> float:
        """Comparable between levels: all nats, spelling included, over the characters of the raw text."""
        return (self.nats + self.spelling_nats) / NATS_PER_BIT / self.characters

    @property
    def unknown_share(self) -> float:
        """The part of all nats, spelling included, that unknown tokens cost.

        >>> Score(nats=6.0, tokens=4, characters=8, spelling_nats=2.0, unknown_nats=1.0).unknown_share
        0.375
        """
        nats = self.nats + self.spelling_nats
        return (self.unknown_nats + self.spelling_nats) / nats if nats else 0.0

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """The three ratios under `prefix`/; one that is beyond floats has no key.

        >>> sorted(Score(1.0, 1, 1).as_metrics("test"))
        ['test/bits_per_char', 'test/nats_per_token', 'test/perplexity']
        """
        ratios = {
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
            "bits_per_char": self.bits_per_char,
        }
        return {f"{prefix}/{name}": value for name, value in ratios.items() if math.isfinite(value)}


def wilson(successes: float | int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, from n independent trials; it never leaves [0, 1], and holds for few trials too.

    With p = successes / n: (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), Wilson 1927
    (J. Am. Stat. Assoc. 22, 209-212). No trial says nothing: (0, 1), the limit of the formula.

    Args:
        successes: 0 to n; a tie may count as half of one.

    >>> low, high = wilson(9, 10)
    >>> round(low, 4), round(high, 4)
    (0.5958, 0.9821)
    """
    assert 0 <= successes <= n
    if n == 0:
        return 0.0, 1.0
    centre = successes + Z_95**2 / 2
    reach = Z_95 * math.sqrt(successes * (n - successes) / n + Z_95**2 / 4)
    scale = n + Z_95**2
    return max(0.0, (centre - reach) / scale), min(1.0, (centre + reach) / scale)
