"""The parameter groups of a network: whose gradient is long, and whose is no number any more."""

import math
from collections.abc import Iterable

from torch import Tensor, nn

GROUPS = {
    "bias": "bias",
    "embed": "embedding",
    "weight_ih": "input",
    "weight_hh": "recurrent",
    "bridge": "bridge",
    "attention": "attention",
    "readout": "readout",
    "start": "transitions",
    "between": "transitions",
    "end": "transitions",
}
"""Part of a parameter's name: its group. The first that fits counts, so that the readout's bias is a bias."""


def group_of(name: str) -> str:
    """The group of a parameter, by its name.

    >>> [group_of(name) for name in ("stack.rnn.weight_hh_l0", "readout.bias", "readout.weight")]
    ['recurrent', 'bias', 'readout']
    """
    groups = [group for part, group in GROUPS.items() if part in name]
    assert groups, f"{name} is of no group: add it to GROUPS"  # a StopIteration would end Lightning's epoch in silence
    return groups[0]


def group_norms(network: nn.Module, total: float) -> dict[str, float]:
    """Norms of the gradient by group, scaled so that together they have the norm `total`.

    Clipping shortens all gradients alike: with the norm before it as `total`, these are the norms before it, too.
    """
    squares: dict[str, float] = {}
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            square = float(parameter.grad.square().sum())
            squares[group_of(name)] = squares.get(group_of(name), 0.0) + square
    length = math.sqrt(sum(squares.values()))
    return {group: math.sqrt(square) * total / length if length else 0.0 for group, square in squares.items()}


def not_finite(tensors: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """Groups with a number among theirs that is not finite."""
    return sorted({group_of(name) for name, tensor in tensors if tensor is not None and not tensor.isfinite().all()})
