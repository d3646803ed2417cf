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
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from pipeline.analysis.bounds import omega
from pipeline.analysis.curves import FLOOR, Norms, curve
from pipeline.analysis.length import check_length
from pipeline.analysis.unroll import LANES, SIDES, Side, unrolled
from pipeline.base.errors import ArtifactError
from pipeline.cells.base import cells_of
from pipeline.networks.build import Network
from pipeline.tokens.windows import Ids, Window, gather

PARTS = ("h", "c")


def positions_of(ids: Ids, begin: int, max_lag: int, positions: int) -> Window:
    """`positions` evenly spaced places t of the text, each with 2 K tokens before it and K after it.

    The first K are the burn-in from the zero state; the last K are what the right half of a cloze model
    reads. They are asked of every model, so that all are measured at the same places.

    Raises:
        ArtifactError: where the text is too short for so many different places.
    """
    check_length(len(ids), max_lag, positions)
    at = np.linspace(2 * max_lag, len(ids) - 1 - max_lag, positions).astype(np.int64)
    starts = at - 2 * max_lag
    return gather(ids, starts, at + max_lag + 1, begin, starts == 0, 3 * max_lag + 1)


def curves(network: Network, window: Window, max_lag: int, threads: int, name: str) -> dict[str, Any]:
    """All curves of one network: `lags`, what `side_curves` gives, and for a cloze model that of its right side too.

    Raises:
        ArtifactError: where the gradients are not finite, or zero from the start.
    """
    sides = SIDES[: len(network.stacks)]
    by_side = {side: side_curves(network, window, max_lag, threads, name, side) for side in sides}
    return {"lags": list(range(max_lag + 1)), **by_side.pop("left"), **by_side}


def side_curves(
    network: Network, window: Window, max_lag: int, threads: int, name: str, side: Side = "left"
) -> dict[str, Any]:
    """A curve under each key of `gradient_norms`, and `omega` of the joint state."""
    norms = gradient_norms(network, window, max_lag, threads, side)
    for part, values in norms.items():
        first = float(values.mean(0)[first_lag(part, norms)])
        if not (np.isfinite(values).all() and first > FLOOR):
            rule = f"the norms of the gradient by {part} are finite, and not zero at lag {first_lag(part, norms)}"
            raise ArtifactError(f"gradients: the {name} network", rule, first, "lower the model's learning_rate")
    measured = {part: curve(values, first_lag(part, norms)) for part, values in norms.items()}
    return measured | {"omega": omega(norms["joint"])}


def first_lag(part: str, parts: Iterable[str]) -> int:
    """Where a curve starts: at lag 0, but at lag 1 for c and the layers below the top, whose gradient is zero at 0.

    >>> [first_lag(part, ["joint", "h", "c", "layer_1", "layer_2"]) for part in ("joint", "c", "layer_1", "layer_2")]
    [0, 1, 1, 0]
    """
    layers = [name for name in parts if name.startswith("layer_")]
    return 1 if part == "c" or part in layers[:-1] else 0


def gradient_norms(
    network: Network, window: Window, max_lag: int, threads: int, side: Side = "left"
) -> dict[str, Norms]:
    """Norms of dL_t/ds_{t-k} (of ds_{t+k} on the right side), a row a place, lag 0 first.

    Under `joint` by the whole state; `h` and (LSTM) `c`, its parts, of all layers; with several layers, `layer_1`
    (the lowest) and up, h and c of one.

    `threads` chunks of lanes are worked on at a time. A single step is too small to be shared: with torch's own
    threads it takes longer, and many times as long beside other work. So call torch.set_num_threads(1) first.
    """
    network = copy.deepcopy(network).double().eval().requires_grad_(False)
    inputs, targets = torch.from_numpy(window.inputs), torch.from_numpy(window.targets)

    def squares_of(inputs: Tensor, targets: Tensor) -> Float[Tensor, "B S L K"]:
        gradients = state_gradients(network, inputs, targets, max_lag, side)
        return gradients.square().sum(dim=4).permute(3, 1, 2, 0)

    with ThreadPoolExecutor(threads) as pool:
        squares = torch.cat(list(pool.map(squares_of, inputs.split(LANES), targets.split(LANES))))  # (P, S, L, K + 1)
    parts = {"joint": squares.sum(dim=(1, 2)), **dict(zip(PARTS, squares.sum(dim=2).unbind(1), strict=False))}
    layers = squares.sum(dim=1).unbind(1)
    if len(layers) > 1:
        parts |= {f"layer_{number}": layer for number, layer in enumerate(layers, start=1)}
    return {part: square.sqrt().numpy() for part, square in parts.items()}


def state_gradients(
    network: Network, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], max_lag: int, side: Side = "left"
) -> Float[Tensor, "K S L B H"]:
    """dL_t/ds_{t-k} for k = 0 .. max_lag, at t = T - 1 - max_lag of every lane; on the right side dL_t/ds_{t+k}.

    S counts the parts of the state: h, or h and c. The right side of a cloze model starts max_lag tokens after t,
    from the zero state.
    """
    t, measured = inputs.shape[1] - 1 - max_lag, SIDES.index(side)
    reads = network.reads(inputs[:, : t + 1], targets[:, t:])
    stack, read = network.stacks[measured], reads[measured]
    with torch.no_grad():
        _, start = stack(network.embed(read[:, :-max_lag]))
        steps = network.embed(read[:, -max_lag:])  # (B, K, E)
    states = unrolled(cells_of(stack.rnn), steps, torch.stack(start).requires_grad_())
    features = [
        states[-1][0, -1] if other is stack else other(network.embed(ids))[0][:, -1]
        for other, ids in zip(network.stacks, reads, strict=True)
    ]
    logits = network.readout(torch.cat(features, dim=1))
    loss = F.cross_entropy(logits, targets[:, t], reduction="sum")  # lanes do not touch
    return torch.stack(torch.autograd.grad(loss, states[::-1]))  # (K + 1, S, L, B, H)
