"""What the norms of a gradient by lag say: relative curve, rate, half-life, horizons."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float

SHARES = {"10pct": 0.1, "1pct": 0.01, "0.1pct": 0.001}
"""Horizons: where the mean norm is first below this share of the curve's first value."""
FLOOR = math.sqrt(np.finfo(np.float64).tiny)
"""1.5e-154: a norm below it has squares that underflow."""

Norms = Float[np.ndarray, "P K"]
"""A row a place of the text, a column a lag, lag 0 first."""


def curve(norms: Norms, first: int) -> dict[str, Any]:
    """What the norms say over all positions; `mean` is g_k, and g_first what the rest is relative to.

    >>> halving = curve(np.array([[8.0, 4.0, 2.0, 1.0, 0.5]]), first=0)
    >>> halving["relative"], round(halving["half_life"], 9), halving["horizons"]
    ([1.0, 0.5, 0.25, 0.125, 0.0625], 1.0, {'10pct': 4, '1pct': None, '0.1pct': None})
    """
    mean = norms.mean(axis=0)
    p5, median, p95 = np.quantile(norms, [0.05, 0.5, 0.95], axis=0)
    series = {"mean": mean, "median": median, "p5": p5, "p95": p95, "relative": mean / mean[first]}
    return {
        **{name: values.tolist() for name, values in series.items()},
        "first_lag": first,
        "horizons": {name: _horizon(mean, first, share) for name, share in SHARES.items()},
        **fit(mean, first),
    }


def _horizon(mean: Float[np.ndarray, " K"], first: int, share: float) -> int | None:
    """The first lag below `share` of the first value; None where no lag is."""
    below = np.flatnonzero(mean[first:] < share * mean[first])
    return first + int(below[0]) if len(below) else None


def fit(mean: Float[np.ndarray, " K"], first: int) -> dict[str, float | None]:
    """Least-squares line of ln g_k against k, over the lags from `first` on before g_k underflows.

    slope: nats per step, negative where gradients vanish, positive where they explode.
    half_life: ln 2 / -slope, in steps; None where the slope is not negative.
    r_squared: 1 for an exponential; less where the decay slows down or speeds up. None for a flat curve.
    All are None with fewer than two lags.
    """
    stop = first + int(np.append(mean[first:] > FLOOR, False).argmin())
    k, log_g = np.arange(first, stop), np.log(mean[first:stop])
    if len(k) < 2:
        return {"slope": None, "half_life": None, "r_squared": None}
    slope, intercept = np.polyfit(k, log_g, 1)
    residual, total = (log_g - (slope * k + intercept)).var(), log_g.var()
    return {
        "slope": float(slope),
        "half_life": math.log(2) / -float(slope) if slope < 0 else None,
        "r_squared": 1 - float(residual / total) if total > 0 else None,
    }
