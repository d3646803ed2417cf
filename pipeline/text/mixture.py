"""Two models of one text mixed token by token: p = (1 - w) p_first + w p_second.

A mean of two distributions is one, so the mixture is a model like any other, and its nats are the price of a code. The
weight is one number for the whole text (linear interpolation: Jelinek & Mercer 1980); it is chosen on the validation
text, where the mixture then costs no more than the better of the two.
"""

import numpy as np
from jaxtyping import Float

BISECTIONS = 40
"""Halvings of the interval of the weight: it is exact to 1e-12."""
Nats = Float[np.ndarray, " T"]
"""-ln p of each token of a text; inf where p = 0."""


def best_weight(first: Nats, second: Nats) -> float:
    """The weight of the second model, 0 <= w < 1, with which the mixture costs a text the fewest nats.

    The nats are convex in w, so their slope has one zero at most. `first` is finite; w is never 1, which would forbid
    what the second model alone takes for impossible.

    >>> best_weight(-np.log([0.5, 0.5, 0.25, 0.25]), -np.log([0.25, 0.25, 0.5, 0.5]))
    0.5
    >>> best_weight(-np.log([0.5, 0.5]), -np.log([0.25, 0.5]))
    0.0
    """
    least = np.minimum(first, second).astype(np.float64)
    p, q = np.exp(least - first), np.exp(least - second)  # over the greater of the two, so that neither overflows
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        w = (low + high) / 2
        saved = ((q - p) / ((1 - w) * p + w * q)).sum()  # nats a unit of weight
        low, high = (w, high) if saved >= 0 else (low, w)
    return low


def mixed(first: Nats, second: Nats, weight: float) -> Float[np.ndarray, " T"]:
    """The nats of each token under the mixture, `weight` the second model's.

    >>> np.exp(-mixed(-np.log([0.5]), -np.log([0.25]), 0.5))
    array([0.375])
    """
    assert 0 <= weight < 1
    if weight == 0:
        return first.astype(np.float64)
    return -np.logaddexp(np.log1p(-weight) - first.astype(np.float64), np.log(weight) - second.astype(np.float64))
