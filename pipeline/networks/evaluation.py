"""What a network pays for a text, from the first token to the last."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from pipeline.networks.build import Network
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.stack import State
from pipeline.tokens.windows import IGNORED, UNK, Ids, Window, lane_windows, unit_bounds, unit_window

UNBROKEN_STEPS = 1024
"""Tokens of a window of an unbroken pass: the state is carried, so the number changes nothing but memory. The logits of
four times as many words no longer fit what the allocator keeps, and take twice the time."""


def window_logits(
    network: Network, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], state: State | None
) -> tuple[Float[Tensor, "B T V"], State]:
    """The logits of a window's targets, whichever way the network reads, and the state to carry."""
    if isinstance(network, ClozeModel):
        return network(inputs, targets, (targets != IGNORED).sum(1), state)
    return network(inputs, state)


def summed_nats(logits: Float[Tensor, "B T V"], targets: Int[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Softmax cross-entropy summed over time steps and lanes: the sum of -ln p(target); padded steps add nothing."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def carried(state: State | None, fresh: Tensor) -> State | None:
    """The state of the window before, cut from its graph, and zero in the lanes that start anew."""
    if state is None:
        return None
    keep = (~fresh)[None, :, None]
    return tuple(part.detach() * keep for part in state)


@dataclass
class Sums:
    """What a text cost: over all of its targets, and over those that are UNK."""

    nats: float = 0.0
    tokens: int = 0
    unknown_nats: float = 0.0


def nats_of(network: Network, windows: Iterator[Window]) -> tuple[float, int]:
    """Summed nats and number of targets over windows that follow each other; the network is left in its mode."""
    sums = sums_of(network, windows)
    return sums.nats, sums.tokens


@torch.inference_mode()
def sums_of(network: Network, windows: Iterator[Window]) -> Sums:
    """The sums over windows that follow each other; the network is left in its mode."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    state, sums = None, Sums()
    for window in windows:
        inputs, targets, fresh = (torch.from_numpy(part).to(device) for part in window.arrays)
        if state is not None and state[0].shape[1] != len(fresh):
            state = None  # a batch of another size: units, which start anew anyway
        logits, state = window_logits(network, inputs, targets, carried(state, fresh))
        sums.nats += float(summed_nats(logits, targets))
        sums.tokens += window.num_targets
        unknown = targets == UNK
        sums.unknown_nats += float(summed_nats(logits[unknown][None], targets[unknown][None]))
    network.train(was_training)
    return sums


def evaluation_windows(ids: Ids, begin: int, batching: str, num_lanes: int) -> Iterator[Window]:
    """All of a split, once: in lanes of the stream (one lane is one unbroken pass), or as whole units."""
    if batching == "stream":
        yield from lane_windows(ids, begin, num_lanes, max(1, UNBROKEN_STEPS // num_lanes))
        return
    units = unit_bounds(ids, longest=len(ids))
    by_length = units[(units[:, 1] - units[:, 0]).argsort(kind="stable")]
    for i in range(0, len(units), num_lanes):
        yield unit_window(ids, by_length[i : i + num_lanes], begin)
