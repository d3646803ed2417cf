"""Two ways to do one thing, timed in turns: what slows the machine down for a while slows both."""

from collections.abc import Callable, Sequence
from statistics import median


def in_turns(one: Callable[[], float], other: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """The numbers of both over A B, B A, A B, ...; each is called once before, unmeasured."""
    one()
    other()
    pairs = []
    for number in range(rounds):
        if number % 2:
            second = other()
            pairs.append((one(), second))
        else:
            pairs.append((one(), other()))
    return pairs


def medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """The median of each side, and of the ratios one to the other within a round.

    >>> medians([(2.0, 4.0), (3.0, 4.0), (9.0, 10.0)])
    (3.0, 4.0, 0.75)
    """
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs)
