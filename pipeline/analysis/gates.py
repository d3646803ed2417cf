"""How long the gates let a state last: the share f of it that each step keeps, on real text.

f is the LSTM's forget gate (dc_t/dc_{t-1} = f along c's own path), or the GRU's update gate z, which in torch keeps
the old state. A unit that keeps f at every step forgets in 1 / (1 - f) steps. Over k steps the product of its f is
what is left of the state, and of the gradient on that path. Paths through the recurrent weights come on top:
pipeline/analysis/gradients.py measures all of them together.

Sources: shares above 0.9 and below 0.1, Karpathy et al. 2015 (arXiv:1506.02078); time constants, Tallec & Ollivier
2018 (arXiv:1804.11188).
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.cells.base import cells_of
from pipeline.cells.gru import GruCell
from pipeline.cells.lstm import LstmCell
from pipeline.networks.build import Network
from pipeline.tokens.windows import Window

GatedCell = GruCell | LstmCell


@torch.inference_mode()
def measure(network: Network, window: Window, max_lag: int) -> dict[str, Any] | None:
    """What the gates of each layer do, lowest first under `layers`; None for a network without gates.

    Places and trajectory are those of the gradients (`positions_of`): burn-in to t - K on the fused kernels, then the
    gates of the K = max_lag steps to t. A cloze model is measured on the side that reads from the left. In float64.
    """
    network = copy.deepcopy(network).double().eval()
    stack = network.stacks[0]
    cells = [cell for cell in cells_of(stack.rnn) if isinstance(cell, GatedCell)]
    if not cells:
        return None
    t = window.inputs.shape[1] - 1 - max_lag
    x = network.embed(torch.from_numpy(window.inputs[:, : t + 1]))
    _, start = stack(x[:, : t - max_lag + 1])
    gates = torch.stack(list(gates_of(cells, x[:, t - max_lag + 1 :], start)), dim=2)  # (L, 2, K, P, H)
    return {"layers": [summary(keep, write) for keep, write in gates]}


def gates_of(
    cells: Sequence[GatedCell], x: Float[Tensor, "B K E"], start: tuple[Float[Tensor, "L B H"], ...]
) -> Iterator[Float[Tensor, "L 2 B H"]]:
    """At every step and layer, the share of the state that is kept and the share of the new one that is written."""
    states = [tuple(part[layer] for part in start) for layer in range(len(cells))]
    for below in x.unbind(1):
        shares = []
        for layer, cell in enumerate(cells):
            gates = cell.gates(below, states[layer][0])
            states[layer] = gates.update(states[layer])
            below = states[layer][0]
            shares.append(torch.stack([gates.keep, gates.write]))
        yield torch.stack(shares)


def summary(keep: Float[Tensor, "K P H"], write: Float[Tensor, "K P H"]) -> dict[str, Any]:
    """One layer's numbers over steps, places and units, the last step being t.

    `products` holds, for k = 0 .. K, the mean over places and units of f_t f_{t-1} .. f_{t-k+1}. Time constants, in
    steps, are those of the mean gate, and of the median unit and the 95th percentile of units by their mean gates.

    >>> half = torch.full((2, 1, 1), 0.5)
    >>> measured = summary(half, 1 - half)
    >>> measured["time_constant"], measured["products"], measured["share_above_0.9"]
    (2.0, [1.0, 0.5, 0.25], 0.0)
    """
    units = keep.mean(dim=(0, 1))
    products = keep.flip(0).cumprod(dim=0).mean(dim=(1, 2))
    return {
        "mean": float(keep.mean()),
        "share_above_0.9": float((keep > 0.9).double().mean()),
        "share_below_0.1": float((keep < 0.1).double().mean()),
        "time_constant": time_constant(float(keep.mean())),
        "time_constant_median_unit": time_constant(float(units.quantile(0.5))),
        "time_constant_p95_unit": time_constant(float(units.quantile(0.95))),
        "input_gate_mean": float(write.mean()),
        "products": [1.0, *products.tolist()],
    }


def time_constant(keep: float) -> float | None:
    """Steps in which a state fades to 1/e if each step keeps this share of it; None where nothing is ever lost.

    >>> time_constant(0.9), time_constant(0.0), time_constant(1.0)
    (10.000000000000002, 1.0, None)
    """
    return 1 / (1 - keep) if keep < 1 else None
