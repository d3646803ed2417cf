"""A network one step at a time: the cells of all layers as one map of the state.

The state s is (h, c) of all layers for the LSTM, h of all layers for the others. Its parts are coordinates of
their own, as a change from outside would meet them: a derivative by c holds h fixed, although the cell computed
h from c one step before.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.cells.base import Cell

LANES = 64
"""Lanes at a time: memory grows with this and with K, not with the number of positions."""

Side = Literal["left", "right"]
"""What a state has read: the tokens before t, or, of a stack that reads from the right, those after it, last first."""
SIDES: Sequence[Side] = ("left", "right")
"""Of a network's stacks, in their order."""


def unrolled(
    cells: Sequence[Cell], steps: Float[Tensor, "B K E"], start: Float[Tensor, "S L B H"]
) -> list[Float[Tensor, "S L B H"]]:
    """The state before the first step and after each one."""
    states = [start]
    for x in steps.unbind(1):
        states.append(step(cells, x, states[-1]))
    return states


def step(cells: Sequence[Cell], x: Float[Tensor, "B E"], state: Float[Tensor, "S L B H"]) -> Float[Tensor, "S L B H"]:
    """One step of all layers.

    The state is put together anew from its parts, and only what comes later reads it. Its gradient is
    therefore that of a change made once the step is over, in h and c and every layer independently.
    """
    layers = []
    for cell, layer in zip(cells, state.unbind(1), strict=True):
        layers.append(torch.stack(cell.step(x, layer.unbind(0))))
        x = layers[-1][0]
    return torch.stack(layers, dim=1)
