"""What one step, and many steps, do to a change of the state: singular values of the Jacobians and of their products.

J_t = ds_t / ds_{t-1}, of the state of all layers at once (pipeline/analysis/unroll.py), as an n x n matrix with
n = S L H. M_k = J_t J_{t-1} ... J_{t-k+1} carries a change over k steps, and its transpose a gradient back over
them: dL_t/ds_{t-k} = M_k^T dL_t/ds_t. So sigma_max(M_k) is the most that any loss at t can feel of s_{t-k}, where
the gradient by lag is what the loss at hand does feel (Pascanu, Mikolov & Bengio 2013, arXiv 1211.5063, section 2).

All in float64. The cost is that of n x n matrices, some STEPS decompositions; the memory STEPS n^2 numbers.
"""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from pipeline.analysis.bounds import bounds
from pipeline.analysis.lyapunov import spectrum
from pipeline.analysis.unroll import unrolled
from pipeline.base.errors import ArtifactError
from pipeline.cells.base import Cell, cells_of
from pipeline.networks.build import Network
from pipeline.tokens.windows import Window

STEPS = 40
"""Steps of the trajectory, at most. One takes 20 ms with n = 384 on one thread, half of it for the exponents."""
LAGS = (1, 2, 5, 15, 40)
"""Lags k of the products M_k, in steps: few, since each costs 60 ms with n = 576, and dense where float64 still
resolves condition numbers: up to 5 steps at initialisation, 1 or 2 once trained, and none for some LSTMs."""
PLACES = 3
"""Places of the text whose single steps are decomposed: eigenvalues cost 90 ms a place with n = 384."""
RESOLVED = 1e13
"""Condition numbers above it are not told: rounding alone leaves sigma_min at some 1e-15 of sigma_max."""
LOG10_EDGES = np.linspace(-6, 2, 33)
"""Bins of the histogram, four a decade; what lies outside is counted in the first or the last."""


def measure(network: Network, window: Window, max_lag: int, name: str) -> dict[str, Any]:
    """All measures of one network at places of real text: `step`, `products`, `lyapunov`, `bounds`.

    `window` is that of gradients.positions_of. The network reads it up to max_lag steps before the place t on its
    fused kernels, then goes on step by step up to t. `step` and `bounds` look at PLACES lanes, `step` at the step
    to t alone; `products` and `lyapunov` at the last STEPS steps of the middle lane, or at max_lag where that is less.

    Raises:
        ArtifactError: where the Jacobians are not finite.
    """
    network = copy.deepcopy(network).double().eval().requires_grad_(False)
    lanes = np.linspace(0, len(window.inputs) - 1, PLACES).astype(int)
    cells, steps, states = trajectory(network, torch.from_numpy(window.inputs[lanes]), max_lag)
    shape = states[0].shape[0], states[0].shape[1], states[0].shape[3]
    path = torch.stack(states[:-1], dim=2)[..., PLACES // 2, :][:, :, -STEPS:]  # (S, L, T, H): times are lanes
    along = step_jacobians(cells, steps[PLACES // 2, -STEPS:], path)
    at_places = step_jacobians(cells, steps[:, -1], states[-2])
    if not (along.isfinite().all() and at_places.isfinite().all()):
        rule = "the Jacobians of its steps are finite"
        raise ArtifactError(f"gradients: the {name} network", rule, "nan or inf", "lower the model's learning_rate")
    lags = [lag for lag in LAGS if lag <= len(along)]
    return {
        "step": step_summary(at_places, shape),
        "products": products(along, lags),
        "lyapunov": spectrum(of_layers(along, shape), lags),
        "bounds": bounds(cells, torch.stack(states[1:])),
    }


def trajectory(
    network: Network, inputs: Int[Tensor, "B T"], max_lag: int
) -> tuple[list[Cell], Float[Tensor, "B K E"], list[Float[Tensor, "S L B H"]]]:
    """The cells, the K = max_lag vectors they read up to t = T - 1 - max_lag, and the K + 1 states around them.

    Of a cloze model the left stack, which is the one that goes from the past to t.
    """
    t = inputs.shape[1] - 1 - max_lag
    stack = network.stacks[0]
    with torch.no_grad():
        _, start = stack(network.embed(inputs[:, : t - max_lag + 1]))
        steps = network.embed(inputs[:, t - max_lag + 1 : t + 1])
    cells = cells_of(stack.rnn)
    return cells, steps, unrolled(cells, steps, torch.stack(start))


def step_jacobians(
    cells: Sequence[Cell], x: Float[Tensor, "B E"], state: Float[Tensor, "S L B H"]
) -> Float[Tensor, "B N N"]:
    """J = d step(cells, x, s) / d s of each lane at its `state`; rows and columns are s in the order (S, L, H).

    Each layer is differentiated on its own, by its input and its state, and the chain rule puts the layers together:
    a layer sees the states below it through its input alone. That is half the work of all layers at once.
    """
    num_parts, num_layers, num_lanes, hidden_size = state.shape
    jacobian = state.new_zeros(num_lanes, num_parts, num_layers, hidden_size, num_parts, num_layers, hidden_size)
    x_by_state = state.new_zeros(num_lanes, x.shape[1], num_parts * num_layers * hidden_size)  # x is given: zero
    for layer, cell in enumerate(cells):
        own = state[:, layer].unbind(0)
        by_x, by_own = cell.jacobians(x, own)
        rows = jacobian[:, :, layer]
        rows.copy_((by_x.flatten(1, 2) @ x_by_state).view_as(rows))
        rows[..., layer, :] += by_own
        x, x_by_state = cell.step(x, own)[0], rows[:, 0].flatten(2)
    return jacobian.flatten(4).flatten(1, 3)


def step_summary(jacobians: Float[Tensor, "P N N"], shape: tuple[int, int, int]) -> dict[str, Any]:
    """Of J at P places: means over the places of its greatest, median and least singular value and of its spectral
    radius; the share of all P n singular values that exceed 1; and their histogram. `shape` is (S, L, H).

    Where all singular values are below 1 every change shrinks at this step. The spectral radius says what would
    happen in the long run if this step were repeated.

    >>> halving = step_summary(0.5 * torch.eye(4, dtype=torch.float64)[None], shape=(2, 1, 2))
    >>> halving["sigma_max"], halving["spectral_radius"], halving["share_above_1"], sum(halving["histogram"]["counts"])
    (0.5, 0.5, 0.0, 4)
    """
    sigma = torch.linalg.svdvals(jacobians)  # (P, n), greatest first
    decades = sigma.clamp(10 ** LOG10_EDGES[0], 10 ** LOG10_EDGES[-1]).log10().clamp(*LOG10_EDGES[[0, -1]])
    return {
        "sigma_max": float(sigma[:, 0].mean()),
        "sigma_median": float(sigma.quantile(0.5, dim=1).mean()),
        "sigma_min": float(sigma[:, -1].mean()),
        "spectral_radius": float(spectral_radii(jacobians, shape).mean()),
        "share_above_1": float((sigma > 1).double().mean()),
        "histogram": {
            "log10_edges": LOG10_EDGES.tolist(),
            "counts": np.histogram(decades.numpy(), LOG10_EDGES)[0].tolist(),
        },
    }


def spectral_radii(jacobians: Float[Tensor, "P N N"], shape: tuple[int, int, int]) -> Float[Tensor, " P"]:
    """The greatest |eigenvalue| of each J: those of a block triangular matrix are those of its diagonal blocks."""
    return torch.linalg.eigvals(of_layers(jacobians, shape)).abs().amax(dim=(1, 2))


def of_layers(jacobians: Float[Tensor, "P N N"], shape: tuple[int, int, int]) -> Float[Tensor, "P L M M"]:
    """The diagonal blocks of each J, one a layer, M = S H: what a layer's own state, h and c, does to itself.

    No layer reads one above it at the same step, so in the order of layers J is block triangular.
    """
    parted = jacobians.unflatten(2, shape).unflatten(1, shape)  # (P, S, L, H, S, L, H)
    return parted.diagonal(dim1=2, dim2=5).permute(0, 5, 1, 2, 3, 4).flatten(4).flatten(2, 3)


def products(jacobians: Float[Tensor, "T N N"], lags: Sequence[int]) -> dict[str, list[Any]]:
    """Of M_k = J_t ... J_{t-k+1} for each lag k, t being the last of the T steps:

    sigma_max_root: sigma_max(M_k)^(1/k), the factor a step; its logarithm tends to lambda_1.
    condition: sigma_max / sigma_min. None above RESOLVED, where float64 no longer tells sigma_min from rounding,
        and where sigma_min is 0.
    effective_rank: (sum sigma)^2 / sum sigma^2, from 1, one direction left, to n, all alike. None where M_k = 0.

    M_k is kept at size 1, its scale as a logarithm: it would underflow in a network that forgets fast.

    >>> halving = products(0.5 * torch.eye(3, dtype=torch.float64).expand(4, 3, 3), lags=[1, 4])
    >>> {name: [round(value, 9) for value in values] for name, values in halving.items()}
    {'lags': [1, 4], 'sigma_max_root': [0.5, 0.5], 'condition': [1.0, 1.0], 'effective_rank': [3.0, 3.0]}
    """
    rows: dict[str, list[Any]] = {"lags": list(lags), "sigma_max_root": [], "condition": [], "effective_rank": []}
    product, log_scale = torch.eye(jacobians.shape[1], dtype=torch.float64), 0.0
    for lag in range(1, max(lags, default=0) + 1):
        product = product @ jacobians[-lag]
        size = float(torch.linalg.matrix_norm(product)) or 1.0
        product, log_scale = product / size, log_scale + math.log(size)
        if lag in lags:
            sigma = torch.linalg.svdvals(product)
            first, last = float(sigma[0]), float(sigma[-1])
            rows["sigma_max_root"].append(math.exp((math.log(first) + log_scale) / lag) if first else 0.0)
            rows["condition"].append(first / last if last * RESOLVED >= first > 0 else None)
            rows["effective_rank"].append(float(sigma.sum() ** 2 / sigma.square().sum()) if first else None)
    return rows
