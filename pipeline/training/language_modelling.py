"""The objective of a language model: predict each token of a text, a window of steps at a time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.base.metrics import Score
from pipeline.networks.build import Network
from pipeline.networks.evaluation import (
    WARM_UP,
    carried,
    evaluation_windows,
    nats_of,
    summed_nats,
    token_nats,
    warm_lanes,
)
from pipeline.networks.stack import State
from pipeline.tokens.windows import IGNORED, Bounds, Window, segment_bounds, stream_windows, unit_bounds, unit_windows
from pipeline.training.objective import Batch
from pipeline.training.split import Split


@dataclass(frozen=True)
class LanguageModelling:
    """Truncated backpropagation through time (Williams & Peng 1990) over one window a step.

    The loss is the softmax cross-entropy summed over the window's time steps. A batch is inputs (B, T), targets (B, T)
    and fresh (B), the lanes that start from the zero state.
    """

    train: Split
    validation: Split
    begin_id: int
    """The network's."""
    segment_tokens: int | None
    """Of the stream, whose state is carried from window to window; None: each unit alone, from the zero state."""
    batch_size: int
    bptt_steps: int
    budget_tokens: int
    """Targets seen in the whole training, padding of the last window of a segment counted in."""
    seed: int

    loss_name: ClassVar[str] = "nats_per_token"
    target_name: ClassVar[str] = "tokens"

    @cached_property
    def _bounds(self) -> Bounds:
        if self.segment_tokens is None:
            return unit_bounds(self.train.ids, self.bptt_steps)
        return segment_bounds(self.train.ids, self.segment_tokens)

    @property
    def num_steps(self) -> int:
        """Optimiser steps that see `budget_tokens`."""
        is_stream = self.segment_tokens is not None
        steps_of_lane = self.bptt_steps if is_stream else float(np.diff(self._bounds).mean())
        return math.ceil(self.budget_tokens / (self.batch_size * steps_of_lane))

    def batches(self, skip: int) -> Iterator[Batch]:
        """Windows of the training split without end."""
        for window in self._windows(np.random.default_rng(self.seed), skip):
            yield tuple(map(torch.from_numpy, window.arrays))

    def _windows(self, rng: np.random.Generator, skip: int) -> Iterator[Window]:
        ids, lanes = self.train.ids, self.batch_size
        if self.segment_tokens is None:
            return unit_windows(ids, self._bounds, self.begin_id, lanes, rng, skip)
        return stream_windows(ids, self._bounds, self.begin_id, lanes, self.bptt_steps, rng, skip)

    def num_targets(self, batch: Batch) -> int:
        """Targets that are not padding."""
        return int((batch[1] != IGNORED).sum())

    def loss(self, network: Network, batch: Batch, state: State | None) -> tuple[Tensor, State | None]:
        """Summed nats of a window; one of the stream starts from the state of the window before, cut from its graph."""
        inputs, targets, fresh = batch
        before = None if fresh.all() else carried(state, fresh)
        logits, after = network.window_logits(inputs, targets, before)
        return summed_nats(logits, targets), None if self.segment_tokens is None else after

    def score(self, loss: float, num_targets: int) -> Score:
        """Of so many tokens of the training split."""
        return self.train.share(loss, num_targets)

    def validate(self, network: Network) -> Score:
        """The validation split, read in `batch_size` lanes.

        This is faster than the final score, and costs a little more nats: every lane starts without a past.
        """
        mode = "units" if self.segment_tokens is None else "stream"
        windows = evaluation_windows(self.validation.ids, network.begin_id, mode, self.batch_size)
        return self.validation.share(*nats_of(network, windows))


def final_nats(network: Network, split: Split, batching: str, batch_size: int) -> Float[np.ndarray, " N"]:
    """-ln p of each token, with carried state in lanes that have warmed up; of units, each from the zero state."""
    num_lanes = warm_lanes(network, len(split.ids)) if batching == "stream" else batch_size
    windows = evaluation_windows(split.ids, network.begin_id, batching, num_lanes, WARM_UP)
    return token_nats(network, windows, len(split.ids))
