"""Windows as Lightning takes them: an endless iterable of tensors, and how many of them fit the budget."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pipeline.base.params import Batching, StreamBatching, TrainingParams
from pipeline.tokens.windows import Ids, segment_bounds, stream_windows, unit_bounds, unit_windows

Batch = tuple[Tensor, Tensor, Tensor]
"""Inputs (B, T), targets (B, T), fresh (B)."""


class TrainingWindows:
    """The training split, over and over, in an order that the seed alone decides."""

    def __init__(self, ids: Ids, begin: int, batching: Batching, training: TrainingParams, seed: int) -> None:
        self.ids, self.begin, self.training, self.seed = ids, begin, training, seed
        self.skip = 0
        """Windows that were seen before the training was killed."""
        self.is_stream = isinstance(batching, StreamBatching)
        self.bounds = (
            segment_bounds(ids, batching.segment_tokens)
            if isinstance(batching, StreamBatching)
            else unit_bounds(ids, training.bptt_steps)
        )

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng(self.seed)
        lanes = self.training.batch_size
        if self.is_stream:
            steps = self.training.bptt_steps
            windows = stream_windows(self.ids, self.bounds, self.begin, lanes, steps, rng, self.skip)
        else:
            windows = unit_windows(self.ids, self.bounds, self.begin, lanes, rng, self.skip)
        for window in windows:
            inputs, targets, fresh = map(torch.from_numpy, window.arrays)
            yield inputs, targets, fresh

    @property
    def num_steps(self) -> int:
        """Optimiser steps that see budget_tokens, padding of the last window of a segment counted in."""
        steps_of_lane = self.training.bptt_steps if self.is_stream else float(np.diff(self.bounds).mean())
        return math.ceil(self.training.budget_tokens / (self.training.batch_size * steps_of_lane))
