"""How much of the text before it a network uses: the loss at one step when the context is cut, or shuffled.

As Khandelwal et al. 2018 (arXiv:1805.04623) do, with a network that is trained already:

    cut        the network reads the last n tokens alone, from the zero state
    shuffled   it reads all of the context, the tokens more than n back in random order

What a cut costs, the network has used; what a shuffle costs, it has used in its order. A gradient that has not
vanished says that a token could still be heard, these losses whether it was.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from pipeline.networks.build import Network
from pipeline.tokens.windows import Window

TOLERANCE = 0.01
"""A context is enough where the loss exceeds that of the full one by less than this share."""
Z95 = 1.96
"""Standard errors of the normal 95 % interval."""

Losses = Float[np.ndarray, " P"]


@torch.inference_mode()
def measure(network: Network, window: Window, max_lag: int, seed: int) -> dict[str, Any]:
    """Mean nats at the places t of the gradients' window (`positions_of`), by the length n of what is left of it.

    context: n = 1, 2, 4, .. below 2 max_lag, the tokens that the window holds before y_t; `full`, the loss with them
    all. cut, shuffled: the mean loss at each n. cut_interval, shuffled_interval: half the width of the 95 % interval
    of its difference to `full`, over places; None with one place. effective_context_cut, effective_context_shuffled:
    the smallest n from which on the loss exceeds `full` by less than 1 %; None where none does.

    The right side of a cloze model stays whole. The shuffles are drawn from `seed`, the same for every network.
    """
    network, rng = copy.deepcopy(network).eval(), np.random.default_rng(seed)
    inputs, targets = window.inputs[:, 1 : 2 * max_lag + 1], torch.from_numpy(window.targets[:, 2 * max_lag :])
    right = right_features(network, torch.from_numpy(inputs), targets)

    def losses(inputs: Int[np.ndarray, "P N"]) -> Losses:
        return nats(network, torch.from_numpy(inputs), right, targets[:, 0])

    context = lengths(2 * max_lag)
    full = losses(inputs)
    cut = [losses(inputs[:, -n:]) for n in context]
    shuffled = [losses(shuffled_beyond(inputs, n, rng)) for n in context]
    both = {**_compared("cut", context, cut, full), **_compared("shuffled", context, shuffled, full)}
    return {"context": context, "full": float(full.mean()), **both}


def lengths(max_context: int) -> list[int]:
    """
    >>> lengths(16), lengths(17)
    ([1, 2, 4, 8], [1, 2, 4, 8, 16])
    """
    return [2**i for i in range((max_context - 1).bit_length())]


def shuffled_beyond(inputs: Int[np.ndarray, "P N"], n: int, rng: np.random.Generator) -> Int[np.ndarray, "P N"]:
    """Each row in an order of its own, but for its last n tokens."""
    return np.concatenate([rng.permuted(inputs[:, :-n], axis=1), inputs[:, -n:]], axis=1)


def right_features(network: Network, inputs: Int[Tensor, "P N"], targets: Int[Tensor, "P R"]) -> Float[Tensor, "P F"]:
    """What a cloze model has read from the right up to the first target; of no width for a language model."""
    right = zip(network.stacks[1:], network.reads(inputs, targets)[1:], strict=True)
    features = [stack(network.embed(read))[0][:, -1] for stack, read in right]
    return torch.cat([torch.empty(len(targets), 0), *features], dim=1)


def nats(
    network: Network, inputs: Int[Tensor, "P N"], right: Float[Tensor, "P F"], targets: Int[Tensor, " P"]
) -> Losses:
    """-ln p(target) after reading each row from the zero state."""
    left = network.stacks[0](network.embed(inputs))[0][:, -1]
    logits = network.readout(torch.cat([left, right], dim=1))
    return F.cross_entropy(logits, targets, reduction="none").double().numpy()


def _compared(name: str, context: Sequence[int], losses: Sequence[Losses], full: Losses) -> dict[str, Any]:
    means = [float(loss.mean()) for loss in losses]
    return {
        name: means,
        f"{name}_interval": [half_width(loss - full) for loss in losses],
        f"effective_context_{name}": effective(context, means, float(full.mean())),
    }


def half_width(differences: Losses) -> float | None:
    """Of the normal 95 % interval of the mean.

    >>> round(half_width(np.array([0.0, 0.0, 1.0, 1.0])), 6)  # 1.96 sqrt(1/3) / 2
    0.565803
    """
    if len(differences) < 2:
        return None
    return Z95 * float(differences.std(ddof=1)) / len(differences) ** 0.5


def effective(context: Sequence[int], means: Sequence[float], full: float) -> int | None:
    """The smallest n from which on every mean is less than 1 % above `full`.

    >>> effective([1, 2, 4, 8], [3.0, 2.01, 2.03, 1.99], full=2.0), effective([1, 2], [3.0, 3.0], full=2.0)
    (8, None)
    """
    too_high = [i for i, mean in enumerate(means) if mean >= (1 + TOLERANCE) * full]
    first = too_high[-1] + 1 if too_high else 0
    return context[first] if first < len(context) else None
