"""Long sequences cut into pieces that a network reads at once, and put together again.

In training the pieces overlap by half, and every base counts in each. Elsewhere a piece has context at both ends, which
is read and not answered: its core alone counts, and each base is in one core.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.examples.sets import Split
from pipeline.tasks.dna.data.bases import (
    Ids,
    Labels,
    ids_of,
    letters,
    reverse_complement,
    reversed_labels,
    step_ids,
)
from pipeline.tasks.dna.params import DnaParams
from pipeline.tokens.windows import IGNORED

NOTES = ("sequence", "start", "core_start", "core_end", "bases", "reversed")
"""Of each example: where it is from, which of its bases are answered, and on which strand they are read."""


@dataclass(frozen=True)
class Stretch:
    """Some bases of a sequence, one after the other."""

    name: str
    start: int
    """Of the first one in the sequence."""
    ids: Ids
    labels: Labels


@dataclass(frozen=True)
class Piece:
    """Places in a sequence; of the bases `start` to `end` those from `core_start` to `core_end` are answered."""

    start: int
    end: int
    core_start: int
    core_end: int


def with_context(length: int, window: int, context: int) -> Iterator[Piece]:
    """The pieces of a sequence, whose cores are side by side.

    >>> [(p.start, p.end, p.core_start, p.core_end) for p in with_context(9, window=6, context=2)]
    [(0, 6, 0, 4), (2, 8, 4, 6), (4, 9, 6, 9)]
    """
    step = window - 2 * context
    start = 0
    while True:
        is_last = start + window >= length
        end = length if is_last else start + window
        yield Piece(start, end, start + context if start else 0, length if is_last else end - context)
        if is_last:
            return
        start += step


def overlapping(length: int, window: int) -> Iterator[Piece]:
    """The pieces of a sequence, each half a window after the one before; all of them are answered.

    >>> [(p.start, p.end) for p in overlapping(9, window=6)]
    [(0, 6), (3, 9)]
    """
    for start in range(0, max(length - window, 0) + window // 2, window // 2):
        last = max(length - window, 0)
        at = min(start, last)
        yield Piece(at, min(at + window, length), at, min(at + window, length))
        if at == last:
            return


def training_split(stretches: Sequence[Stretch], params: DnaParams) -> Split:
    """Pieces that overlap, and where it is asked for, those of the other strand after them."""
    split = _split(stretches, params, lambda length: overlapping(length, params.window))
    return with_other_strand(split, params) if params.reverse_complement else split


def evaluation_split(stretches: Sequence[Stretch], params: DnaParams) -> Split:
    """Pieces with context; their cores are side by side."""
    return _split(stretches, params, lambda length: with_context(length, params.window, params.context))


def _split(stretches: Sequence[Stretch], params: DnaParams, pieces: Callable[[int], Iterator[Piece]]) -> Split:
    inputs, targets = [], []
    notes: dict[str, list] = {name: [] for name in NOTES}
    for stretch in stretches:
        encoded = step_ids(stretch.ids, params.kmer, params.period)
        for piece in pieces(len(stretch.ids)):
            places, core = slice(piece.start, piece.end), (piece.core_start - piece.start, piece.core_end - piece.start)
            labels = np.full(piece.end - piece.start, IGNORED)
            labels[slice(*core)] = stretch.labels[piece.core_start : piece.core_end]
            inputs.append(encoded[places])
            targets.append(labels)
            row = (stretch.name, stretch.start + piece.start, *core, letters(stretch.ids[places]), False)
            for name, value in zip(NOTES, row, strict=True):
                notes[name].append(value)
    return Split(inputs, targets, notes)


def other_strand(split: Split, params: DnaParams) -> Split:
    """The same pieces, read on the other strand."""
    bases = [reverse_complement(ids_of(text, "")) for text in split.notes["bases"]]
    targets = [reversed_labels(target) for target in split.targets]
    notes = {**split.notes, "bases": list(map(letters, bases)), "reversed": [True] * len(split)}
    return Split([step_ids(ids, params.kmer, params.period) for ids in bases], targets, notes)


def with_other_strand(split: Split, params: DnaParams) -> Split:
    """All pieces, then all of them on the other strand."""
    other = other_strand(split, params)
    notes = {name: [*split.notes[name], *other.notes[name]] for name in split.notes}
    return Split([*split.inputs, *other.inputs], [*split.targets, *other.targets], notes)


@dataclass(frozen=True)
class Region:
    """Pieces side by side, put together."""

    name: str
    start: int
    ids: Ids
    labels: Labels
    members: Sequence[int]
    """The examples that it is made of."""
    cores: Sequence[tuple[int, int]]
    """Of each example the places in the region that count there."""


def regions(split: Split) -> list[Region]:
    """The stretches that a split was cut from; examples of the other strand are not looked at."""
    groups: list[list[int]] = []
    for i in range(len(split)):
        if split.notes["reversed"][i]:
            continue
        if groups and _follows(split, groups[-1][-1], i):
            groups[-1].append(i)
        else:
            groups.append([i])
    return [_region(split, group) for group in groups]


def _follows(split: Split, before: int, i: int) -> bool:
    names, starts = split.notes["sequence"], split.notes["start"]
    return names[before] == names[i] and starts[before] < starts[i] <= starts[before] + len(split.inputs[before])


def _region(split: Split, members: Sequence[int]) -> Region:
    starts = split.notes["start"]
    first, end = starts[members[0]], starts[members[-1]] + len(split.inputs[members[-1]])
    ids, labels, cores = np.zeros(end - first, np.int64), np.full(end - first, IGNORED), []
    for i in members:
        at, low, high = starts[i] - first, split.notes["core_start"][i], split.notes["core_end"][i]
        ids[at : at + len(split.inputs[i])] = ids_of(split.notes["bases"][i], "")
        labels[at + low : at + high] = split.targets[i][low:high]
        cores.append((at + low, at + high))
    return Region(split.notes["sequence"][members[0]], first, ids, labels, members, cores)


def joined(split: Split, region: Region, answers: Sequence[np.ndarray]) -> np.ndarray:
    """Answers to examples, one a base, as answers to the bases of a region."""
    pieces = [answers[i][split.notes["core_start"][i] : split.notes["core_end"][i]] for i in region.members]
    return np.concatenate(pieces)
