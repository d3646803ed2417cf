"""A mean over seeds with its 95 % interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """What several seeds say about one number."""

    mean: float
    half_width: float | None
    """Of the 95 % interval around the mean; None with one seed, which says nothing about luck."""
    seeds: int

    def overlaps(self, other: "Estimate") -> bool:
        """Whether both have an interval and the two intervals share a point."""
        if self.half_width is None or other.half_width is None:
            return False
        return abs(self.mean - other.mean) <= self.half_width + other.half_width


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and Student's t-interval: mean +- t(0.975; n - 1) s / sqrt(n), s the sample's standard deviation.

    The interval supposes that the numbers of different seeds scatter like a normal distribution.

    >>> estimate([1.5])
    Estimate(mean=1.5, half_width=None, seeds=1)
    >>> round(estimate([1.0, 3.0]).half_width, 3)  # t(0.975; 1) = 12.706, s = sqrt 2
    12.706
    """
    from scipy.special import stdtrit

    n = len(values)
    if n == 1:
        return Estimate(float(values[0]), None, 1)
    t = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))
    return Estimate(fmean(values), t * stdev(values) / math.sqrt(n), n)
