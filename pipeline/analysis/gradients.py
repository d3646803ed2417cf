"""How far back a loss reaches: the gradient of L_t with respect to the state k steps before.

L_t = -ln p(y_t | ...) at one step t alone: a sum over steps would mix lags. The trained network reads real text
up to step t - K on its fused kernels; from there its cells go on one step at a time, so that one backward
pass gives the gradient at every lag k = 0 .. K. Many places t of the text are lanes of one batch.

The state s is (h, c) of all layers for the LSTM, h of all layers for the others. Its parts are coordinates of
their own, as a change from outside would meet them: dL_t/dc_{t-k} holds h_{t-k} fixed, although the cell
computed h_{t-k} from c_{t-k}. So dL_t/dc_t, at lag 0, is zero: the readout sees h alone.

All of it in float64: norms down to 1e-154 count, where float32 would end at 1e-19. A product of Jacobians loses
no relative precision as it shrinks, so a small norm is as good as a large one, until it underflows.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from pipeline.analysis.unroll import unrolled
from pipeline.cells.base import cells_of
from pipeline.errors import ArtifactError
from pipeline.networks.build import Network
from pipeline.networks.cloze import ClozeModel
from pipeline.text.windows import Ids, Window, gather

PARTS = ("h", "c")
SHARES = {"10pct": 0.1, "1pct": 0.01, "0.1pct": 0.001}
"""Horizons: where the mean norm is first below this share of the curve's first value."""
FLOOR = math.sqrt(np.finfo(np.float64).tiny)
"""1.5e-154: a norm below it has squares that underflow."""
LANES = 64
"""Lanes at a time: memory grows with this and with K, not with the number of positions."""

Norms = Float[np.ndarray, "P K"]


def positions_of(ids: Ids, begin: int, max_lag: int, positions: int) -> Window:
    """`positions` evenly spaced places t of the text, each with 2 K tokens before it and K after it.

    The first K are the burn-in from the zero state; the last K are what the right half of a cloze model
    reads. They are asked of every model, so that all are measured at the same places.

    Raises:
        ArtifactError: where the text is too short for so many different places.
    """
    needed = 3 * max_lag + positions
    if len(ids) < needed:
        rule = f"needs 3 max_lag + positions = {needed} tokens"
        what_to_do = "lower gradients.max_lag or gradients.positions, or give more text"
        raise ArtifactError("gradients: validation ids", rule, len(ids), what_to_do)
    at = np.linspace(2 * max_lag, len(ids) - 1 - max_lag, positions).astype(np.int64)
    starts = at - 2 * max_lag
    return gather(ids, starts, at + max_lag + 1, begin, starts == 0, 3 * max_lag + 1)


def gradient_norms(network: Network, window: Window, max_lag: int, threads: int) -> dict[str, Norms]:
    """Norms of dL_t/ds_{t-k} under `joint`, and of its parts under `h` and (LSTM) `c`: a row a lane, lag 0 first.

    `threads` chunks of lanes are worked on at a time. A single step is too small to be shared: with torch's own
    threads it takes longer, and many times as long beside other work. So call torch.set_num_threads(1) first.
    """
    network = copy.deepcopy(network).double().eval().requires_grad_(False)
    inputs, targets = torch.from_numpy(window.inputs), torch.from_numpy(window.targets)

    def squares_of(inputs: Tensor, targets: Tensor) -> Tensor:
        return state_gradients(network, inputs, targets, max_lag).square().sum(dim=(2, 4)).permute(2, 1, 0)

    with ThreadPoolExecutor(threads) as pool:
        squares = torch.cat(list(pool.map(squares_of, inputs.split(LANES), targets.split(LANES))))  # (P, S, K + 1)
    parts = {"joint": squares.sum(dim=1), **{part: squares[:, i] for i, part in enumerate(PARTS[: squares.shape[1]])}}
    return {part: square.sqrt().numpy() for part, square in parts.items()}


def state_gradients(
    network: Network, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], max_lag: int
) -> Float[Tensor, "K S L B H"]:
    """dL_t/ds_{t-k} for k = 0 .. max_lag, at t = T - 1 - max_lag of every lane.

    S counts the parts of the state: h, or h and c.
    """
    t = inputs.shape[1] - 1 - max_lag
    stack = network.left if isinstance(network, ClozeModel) else network.stack
    with torch.no_grad():
        _, start = stack(network.embed(inputs[:, : t - max_lag + 1]))
        steps = network.embed(inputs[:, t - max_lag + 1 : t + 1])  # (B, K, E)
    states = unrolled(cells_of(stack.rnn), steps, torch.stack(start).requires_grad_())
    loss = _loss(network, states[-1][0, -1], targets[:, t:])
    return torch.stack(torch.autograd.grad(loss, states[::-1]))  # (K + 1, S, L, B, H)


def _loss(network: Network, h: Float[Tensor, "B H"], targets: Int[Tensor, "B R"]) -> Float[Tensor, ""]:
    """L_t of each lane's first target, from the top layer's h; summed, since no lane touches another's state."""
    if isinstance(network, ClozeModel):
        right, _ = network.right(network.embed(network.right_inputs(targets)))
        h = torch.cat([h, right[:, -1]], dim=1)
    return F.cross_entropy(network.readout(h[:, None])[:, 0], targets[:, 0], reduction="sum")


def curves(network: Network, window: Window, max_lag: int, threads: int, name: str) -> dict[str, Any]:
    """All measures of one network: `lags`, and a curve under each of `joint`, `h` and (LSTM) `c`.

    Raises:
        ArtifactError: where the gradients are not finite, or zero from the start.
    """
    norms = gradient_norms(network, window, max_lag, threads)
    for part, values in norms.items():
        first = float(values.mean(0)[first_lag(part)])
        if not (np.isfinite(values).all() and first > FLOOR):
            rule = f"the norms of the gradient by {part} are finite, and not zero at lag {first_lag(part)}"
            raise ArtifactError(f"gradients: the {name} network", rule, first, "lower the model's learning_rate")
    return {"lags": list(range(max_lag + 1)), **{part: curve(n, first_lag(part)) for part, n in norms.items()}}


def first_lag(part: str) -> int:
    """Where a curve starts: at lag 0, that of c at lag 1, since at lag 0 it is zero."""
    return 1 if part == "c" else 0


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


def metrics_of(name: str, measured: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """The joint curve's numbers under `name`/; `reached_*` is 1 where the horizon lies within K, else 0."""
    joint = measured["joint"]
    for key in ("half_life", "slope", "r_squared"):
        yield f"{name}/{key}", joint[key]
    for share, lag in joint["horizons"].items():
        yield f"{name}/horizon_{share}", lag
        yield f"{name}/reached_{share}", float(lag is not None)
