"""How much of the loss of a whole sequence reaches each step back from its end.

A many-to-one network has one loss, at the end: dL/ds_{T-k} over dL/ds_T, in norms, is what is left of it k steps back.
State and gradient are those of gradients.py, and float64 for the same reason. Of a network that reads both ways each
stack has a curve: the right one ends with the first step, so its lag k is step 1 + k.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from pipeline.analysis.unroll import LANES, SIDES, Side, unrolled
from pipeline.cells.base import cells_of
from pipeline.examples.batches import Padded, padded
from pipeline.examples.sets import Split
from pipeline.networks.classifier import Classifier
from pipeline.networks.encoder import flipped
from pipeline.networks.stack import RecurrentStack

Shares = Float[np.ndarray, "N K"]
"""A row an example, a column a lag, lag 0 first; NaN where the example has no step so far back."""


def gradient_shares(network: Classifier, split: Split, max_lag: int) -> dict[Side, list[dict[str, Any]]]:
    """For each lag up to `max_lag` that some example has: `lag`, `n`, the number of these, and `share`, their mean."""
    return {side: _rows(shares) for side, shares in shares_of_examples(network, split, max_lag).items()}


def _rows(shares: Shares) -> list[dict[str, Any]]:
    by_lag = [column[~np.isnan(column)] for column in shares.T]
    return [{"lag": k, "n": len(of), "share": float(of.mean())} for k, of in enumerate(by_lag) if len(of)]


def shares_of_examples(network: Classifier, split: Split, max_lag: int) -> dict[Side, Shares]:
    """||dL/ds_{T-k}|| / ||dL/ds_T|| of each example; all NaN where dL/ds_T is zero, so that nothing can be said."""
    network = copy.deepcopy(network).double().eval().requires_grad_(False)
    shares: dict[Side, Shares] = {
        side: np.full((len(split), max_lag + 1), np.nan) for side in SIDES[: len(network.stacks)]
    }
    for indices in _groups(split.lengths, max_lag):
        batch = padded(split, indices)
        for side, of_side in shares.items():
            norms = state_norms(network, batch, max_lag, side)
            at_end = np.where(norms[:, :1] > 0, norms[:, :1], np.nan)
            of_side[indices, : norms.shape[1]] = norms / at_end
    return shares


def _groups(lengths: Sequence[int], max_lag: int) -> Iterator[list[int]]:
    """Examples that go back equally far, LANES at a time."""
    by_length: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        by_length.setdefault(min(length, max_lag + 1), []).append(i)
    for group in by_length.values():
        yield from (group[i : i + LANES] for i in range(0, len(group), LANES))


def state_norms(network: Classifier, batch: Padded, max_lag: int, side: Side) -> Float[np.ndarray, "B K"]:
    """||dL/ds_{T-k}|| of examples that all have more than `max_lag` steps, or all equally many.

    The stack of the other side, if there is one, reads as it always does, and is held fixed.
    """
    inputs, lengths, targets = batch
    inputs = inputs.double() if inputs.is_floating_point() else inputs
    measured = SIDES.index(side)
    stack, x = network.stacks[measured], network.embed(inputs)
    num_steps = min(int(lengths.min()), max_lag)
    start, steps = _last_steps(stack, flipped(x, lengths) if side == "right" else x, lengths, num_steps)
    states = unrolled(cells_of(stack.rnn), steps, start.requires_grad_())
    ends = list(network.features(inputs, lengths)[1].split(stack.rnn.hidden_size, dim=1))
    ends[measured] = states[-1][0, -1]
    loss = _loss(network.readout(torch.cat(ends, dim=1)), targets)
    after_a_step = states if int(lengths.min()) > num_steps else states[1:]  # the zero state is nobody's
    gradients = torch.stack(torch.autograd.grad(loss, after_a_step[::-1]))  # (K, S, L, B, H)
    return gradients.square().sum(dim=(1, 2, 4)).sqrt().T.numpy()


def _last_steps(
    stack: RecurrentStack, x: Float[Tensor, "B T E"], lengths: Int[Tensor, " B"], num_steps: int
) -> tuple[Float[Tensor, "S L B H"], Float[Tensor, "B K E"]]:
    """The state before the last `num_steps` of each row, and what is read in them."""
    before = lengths - num_steps
    if bool(before.any()):
        _, state = stack.rnn(pack_padded_sequence(x, before, batch_first=True, enforce_sorted=False))
        start = torch.stack(state if isinstance(state, tuple) else (state,))
    else:
        start = torch.stack(stack.zero_state(len(x)))
    at = before[:, None] + torch.arange(num_steps)
    return start, x[torch.arange(len(x))[:, None], at]


def _loss(outputs: Float[Tensor, "B C"], targets: Tensor) -> Float[Tensor, ""]:
    """Of classes their nats, of a number its squared error; rows do not touch."""
    if targets.is_floating_point():
        return F.mse_loss(outputs[:, 0], targets.to(outputs), reduction="sum")
    return F.cross_entropy(outputs, targets, reduction="sum")
