"""Windows of ids: how text reaches a network, as a stream with carried state or as units on their own.

Ids of a split are one array in which EOS (0) closes each unit. A network reads the array shifted by one,
with the begin token (V, the zero vector) wherever the token before is an EOS, so that each unit starts
from x1 = 0. Both ways of batching cut the array into segments; a segment starts from x1 = 0 and a0 = 0.

    stream   segments of many units, end to end in lanes: lane b of one window goes on in lane b of the next
    units    each unit is a segment; a batch holds units of similar length, padded

Padded targets are IGNORED: they cost nothing and move nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, UInt

from pipeline.base.artifacts import read_array

EOS = 0
UNK = 1
"""The id of every token that the vocabulary lacks."""
IGNORED = -1
"""The target of a padded step."""

Ids = UInt[np.ndarray, " N"]
Bounds = Int[np.ndarray, "S 2"]


def load_ids(folder: Path, split: str) -> Ids:
    """The ids of a split, memory-mapped.

    Raises:
        ArtifactError: where the file is missing or damaged.
    """
    return read_array(folder / f"{split}.npy")


def shifted(ids: Int[np.ndarray, " T"] | Ids, begin: int, before: int = EOS) -> Int[np.ndarray, " T"]:
    """The inputs whose targets are `ids`: each id one step later, `begin` after an EOS.

    Args:
        before: the id that stands before the first; EOS when a unit starts there.

    >>> shifted(np.array([5, 6, 0, 7]), begin=9)
    array([9, 5, 6, 9])
    """
    previous = np.concatenate([[before], ids[:-1]]).astype(np.int64)
    return np.where(previous == EOS, begin, previous)


@dataclass(frozen=True)
class Window:
    """One batch: B lanes of T steps."""

    inputs: Int[np.ndarray, "B T"]
    targets: Int[np.ndarray, "B T"]
    """IGNORED where padded."""
    fresh: Bool[np.ndarray, " B"]
    """Lanes that start from the zero state."""
    starts: Int[np.ndarray, " B"]
    """Where in the text each lane's first target is."""

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, targets, fresh."""
        return self.inputs, self.targets, self.fresh

    @property
    def num_targets(self) -> int:
        """Targets that count."""
        return int((self.targets != IGNORED).sum())

    @property
    def places(self) -> Int[np.ndarray, "B T"]:
        """Where in the text each target is."""
        return self.starts[:, None] + np.arange(self.targets.shape[1])


def gather(
    ids: Ids, starts: Int[np.ndarray, " B"], stops: Int[np.ndarray, " B"], begin: int, fresh: np.ndarray, num_steps: int
) -> Window:
    """The window of `num_steps` steps from `starts`, padded from `stops` on; a fresh lane's first input is `begin`."""
    positions = starts[:, None] + np.arange(num_steps)  # (B, T)
    valid = positions < stops[:, None]
    last = len(ids) - 1
    targets = np.where(valid, ids[np.minimum(positions, last)].astype(np.int64), IGNORED)
    previous = ids[np.clip(positions - 1, 0, last)].astype(np.int64)
    inputs = np.where((previous == EOS) | ~valid, begin, previous)
    inputs[:, 0] = np.where(fresh, begin, inputs[:, 0])
    return Window(inputs, targets, fresh, starts)


def unit_bounds(ids: Ids, longest: int) -> Bounds:
    """Start and stop of each unit, its EOS inside; a unit of more than `longest` tokens is cut into pieces.

    >>> unit_bounds(np.array([5, 6, 7, 0, 8, 0], dtype=np.uint8), longest=3).tolist()
    [[0, 3], [3, 4], [4, 6]]
    """
    stops = np.flatnonzero(ids == EOS) + 1
    stops = np.append(stops, len(ids)) if len(ids) and ids[-1] != EOS else stops
    starts = np.concatenate([[0], stops[:-1]])
    pieces = -(-(stops - starts) // longest)
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    cut = np.repeat(starts, pieces) + piece * longest
    return np.stack([cut, np.minimum(cut + longest, np.repeat(stops, pieces))], axis=1)


def segment_bounds(ids: Ids, segment_tokens: int) -> Bounds:
    """Start and stop of runs of whole units, each closed by the first unit end after `segment_tokens` tokens.

    A unit longer than that is cut: no segment has more than twice `segment_tokens`.

    >>> segment_bounds(np.array([5, 0, 6, 0, 7, 0], dtype=np.uint8), segment_tokens=3).tolist()
    [[0, 4], [4, 6]]
    """
    ends = np.flatnonzero(ids == EOS) + 1
    bounds, start = [], 0
    while start < len(ids):
        at = np.searchsorted(ends, start + segment_tokens)
        stop = int(ends[at]) if at < len(ends) else len(ids)
        stop = min(stop, start + 2 * segment_tokens)
        bounds.append((start, stop))
        start = stop
    return np.array(bounds, dtype=np.int64).reshape(-1, 2)


def stream_windows(
    ids: Ids,
    segments: Bounds,
    begin: int,
    batch_size: int,
    num_steps: int,
    rng: np.random.Generator,
    skip: int = 0,
) -> Iterator[Window]:
    """Windows without end: each lane reads a segment to its end, then takes the next of an ever-reshuffled queue.

    Args:
        skip: windows left out at the start, at next to no cost.
    """
    for starts, stops, fresh in islice(_stream_places(segments, batch_size, num_steps, rng), skip, None):
        yield gather(ids, starts, stops, begin, fresh, num_steps)


def _stream_places(
    segments: Bounds, batch_size: int, num_steps: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Starts, stops and freshness of the lanes (each (B,)), window by window."""
    queue = _shuffled_for_ever(segments, rng)
    starts, stops = np.zeros(batch_size, np.int64), np.zeros(batch_size, np.int64)
    while True:
        fresh = starts >= stops
        for lane in np.flatnonzero(fresh):
            starts[lane], stops[lane] = next(queue)
        yield starts, stops, fresh
        starts = starts + num_steps


def lane_windows(ids: Ids, begin: int, num_lanes: int, num_steps: int, warm_up: int = 0) -> Iterator[Window]:
    """All of the text once, in `num_lanes` contiguous lanes; one lane is one unbroken pass.

    Args:
        warm_up: tokens before its own that each lane but the first reads for their state alone: these targets are
            IGNORED. So lane b + 1 starts that many tokens before lane b stops, and all lanes have the same length.

    >>> for window in lane_windows(np.array([5, 6, 7, 8, 5, 6], np.uint8), 9, num_lanes=2, num_steps=2, warm_up=2):
    ...     print(window.inputs.tolist(), window.targets.tolist())
    [[9, 5], [9, 7]] [[5, 6], [-1, -1]]
    [[6, 7], [8, 5]] [[7, 8], [5, 6]]
    """
    edges = np.linspace(warm_up, len(ids), num_lanes + 1).astype(np.int64)
    first, stops = edges[:-1] - warm_up, edges[1:]
    own = np.where(np.arange(num_lanes) == 0, 0, edges[:-1])
    starts = first
    while (starts < stops).any():
        window = gather(ids, starts, stops, begin, starts == first, num_steps)
        is_warm_up = np.arange(num_steps) < (own - starts)[:, None]  # (B, T)
        yield replace(window, targets=np.where(is_warm_up, IGNORED, window.targets))
        starts = starts + num_steps


def unit_windows(
    ids: Ids, units: Bounds, begin: int, batch_size: int, rng: np.random.Generator, skip: int = 0
) -> Iterator[Window]:
    """Batches of units without end, each from the zero state; units of similar length share a batch.

    Args:
        skip: batches left out at the start, at next to no cost.
    """
    for chosen in islice(_unit_places(units, batch_size, rng), skip, None):
        yield unit_window(ids, units[chosen], begin)


def _unit_places(units: Bounds, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Which units, batch by batch."""
    while True:
        lengths = units[:, 1] - units[:, 0]
        shuffled = rng.permutation(len(units))
        by_length = shuffled[np.argsort(lengths[shuffled], kind="stable")]
        batches = [by_length[i : i + batch_size] for i in range(0, len(by_length), batch_size)]
        for at in rng.permutation(len(batches)):
            yield batches[at]


def unit_window(ids: Ids, units: Bounds, begin: int) -> Window:
    """One batch of these units, padded to the longest."""
    starts, stops = units.T
    return gather(ids, starts, stops, begin, np.ones(len(units), bool), int((stops - starts).max()))


def _shuffled_for_ever(segments: Bounds, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    while True:
        for start, stop in segments[rng.permutation(len(segments))]:
            yield int(start), int(stop)
