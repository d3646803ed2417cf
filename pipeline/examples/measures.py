"""Scores of a task with their intervals over the examples of a split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.base.metrics import wilson

RESAMPLES = 1000
"""Of the bootstrap: its 95 % interval then moves by some hundredths of its width from seed to seed."""


@dataclass(frozen=True)
class Measure:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        """What scores.json holds."""
        return {"value": self.value, "low": self.low, "high": self.high}


def share(right: float | int, n: int) -> Measure:
    """A share of independent trials, with Wilson's interval.

    >>> share(9, 10).value
    0.9
    """
    return Measure(right / n, *wilson(right, n))


def bootstrap(units: Sequence[Any], score: Callable[[np.ndarray], float], seed: int = 1) -> Measure:
    """A score of units (examples, sequences), with the percentile interval of units drawn with replacement.

    Efron 1979 (Ann. Stat. 7, 1-26). The units are what was drawn independently: sentences, not tokens.

    Args:
        units: rows of numbers that the score adds up, such as the counts of a confusion matrix.
        score: of an array of some units' rows, summed: (..., K) -> one number.

    >>> measure = bootstrap([[1, 1], [0, 1]] * 50, lambda sums: float(sums[0] / sums[1]))
    >>> measure.value, measure.low < 0.5 < measure.high
    (0.5, True)
    """
    rows, rng = np.asarray(units, np.float64), np.random.default_rng(seed)
    drawn = [
        score(rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows))) @ rows.reshape(len(rows), -1))
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Measure(score(rows.reshape(len(rows), -1).sum(0)), float(low), float(high))
