"""What a network pays for a text, from the first token to the last."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.build import Network
from pipeline.networks.stack import State
from pipeline.tokens.windows import IGNORED, Ids, Window, lane_windows, unit_bounds, unit_window

UNBROKEN_STEPS = 1024
"""Tokens of a window of an unbroken pass: the state is carried, so the number changes nothing but memory. The logits of
four times as many words no longer fit what the allocator keeps, and take twice the time."""
LANES = 16
"""Of a text that a language model reads in lanes to score it: a step of 16 rows takes a GRU little longer than one of a
single row, and 32 are no faster once each has warmed up."""
WARM_UP = 512
"""Tokens that each of these lanes reads uncounted before its own: with them the score differs from that of one unbroken
pass by 0.0003 bits at most (docs/log.md), with 256 by 0.0008 where an LSTM started with a memory of 64 steps."""


def summed_nats(logits: Float[Tensor, "B T V"], targets: Int[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Softmax cross-entropy summed over time steps and lanes: the sum of -ln p(target); padded steps add nothing."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum")


def carried(state: State | None, fresh: Tensor) -> State | None:
    """The state of the window before, cut from its graph, and zero in the lanes that start anew."""
    if state is None:
        return None
    keep = (~fresh)[None, :, None]
    return tuple(part.detach() * keep for part in state)


@torch.inference_mode()
def nats_of(network: Network, windows: Iterator[Window]) -> tuple[float, int]:
    """Summed nats and number of targets over windows that follow each other; the network is left in its mode."""
    nats, tokens = 0.0, 0
    for window, targets, logits in read(network, windows, network.window_logits):
        nats += float(summed_nats(logits, targets))
        tokens += window.num_targets
    return nats, tokens


@torch.inference_mode()
def token_nats(network: Network, windows: Iterator[Window], num_tokens: int) -> Float[np.ndarray, " N"]:
    """-ln p of each token of a text, in the text's order whatever that of the windows, which have each of them once."""
    nats = np.full(num_tokens, np.nan, np.float32)
    for window, targets, logits in read(network, windows, network.window_logits):
        costs = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none")
        counted = window.targets != IGNORED
        nats[window.places[counted]] = costs.cpu().numpy()[counted]
    return nats


def read(
    network: nn.Module, windows: Iterator[Window], step: Callable[..., tuple[Tensor, State]]
) -> Iterator[tuple[Window, Int[Tensor, "B T"], Tensor]]:
    """Each window with its targets and what `step` says of it; the network is left in its mode.

    Args:
        windows: follow each other.
        step: takes inputs, targets and the state that the window before left, and gives the next state, too.
    """
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    state = None
    for window in windows:
        inputs, targets, fresh = (torch.from_numpy(part).to(device) for part in window.arrays)
        if state is not None and state[0].shape[1] != len(fresh):
            state = None  # a batch of another size: units, which start anew anyway
        outputs, state = step(inputs, targets, carried(state, fresh))
        yield window, targets, outputs
    network.train(was_training)


def warm_lanes(network: Network, num_tokens: int) -> int:
    """Lanes in which a text of the stream is scored: LANES, of a short text so few that warming up costs a quarter.

    A cloze model has one: its right stack starts anew at the end of every window, so it needs long ones.
    """
    return 1 if network.predicts == "missing" else min(max(num_tokens // (4 * WARM_UP), 1), LANES)


def evaluation_windows(ids: Ids, begin: int, batching: str, num_lanes: int, warm_up: int = 0) -> Iterator[Window]:
    """All of a split, once: in lanes of the stream (one lane is one unbroken pass), or as whole units.

    Args:
        warm_up: tokens that each lane of the stream but the first reads uncounted before its own.
    """
    if batching == "stream":
        yield from lane_windows(ids, begin, num_lanes, max(1, UNBROKEN_STEPS // num_lanes), warm_up)
        return
    units = unit_bounds(ids, longest=len(ids))
    by_length = units[(units[:, 1] - units[:, 0]).argsort(kind="stable")]
    for i in range(0, len(units), num_lanes):
        yield unit_window(ids, by_length[i : i + num_lanes], begin)
