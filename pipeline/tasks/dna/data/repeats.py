"""Copies: stretches of a sequence that occur in others too, letter by letter, on either strand.

Every window of LONGEST bases gets a name that equal windows share, by doubling (Karp, Miller & Rosenberg 1972, STOC):
two windows of 2 m bases are equal where the names of their halves are. Each doubling sorts, so N bases take
N log N steps whatever they hold; nothing is hashed, so no two windows that differ share a name.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int

from pipeline.tasks.dna.data.bases import Ids, reverse_complement

LONGEST = 500
"""Bases that two parts of the data may share at most, less one."""


def copied(sequences: Sequence[Ids], others: Sequence[Ids], length: int = LONGEST) -> list[Bool[np.ndarray, "_"]]:
    """Which bases of each sequence are in a stretch of at least `length` that is in one of `others` too, on any strand.

    >>> from pipeline.tasks.dna.data.bases import ids_of
    >>> copied([ids_of("AACCGTA", "")], [ids_of("CGGT", "")], 4)[0].astype(int).tolist()
    [0, 1, 1, 1, 1, 0, 0]
    """
    known = [strand for other in others for strand in (other, reverse_complement(other)) if len(other) >= length]
    long = [sequence for sequence in sequences if len(sequence) >= length]
    if not known or not long:
        return [np.zeros(len(sequence), bool) for sequence in sequences]
    names = _window_names([*known, *long], length)
    in_others = np.unique(np.concatenate(names[: len(known)]))
    covers = iter([_covered(np.isin(of, in_others), length) for of in names[len(known) :]])
    return [next(covers) if len(sequence) >= length else np.zeros(len(sequence), bool) for sequence in sequences]


def _window_names(sequences: Sequence[Ids], length: int) -> list[Int[np.ndarray, "_"]]:
    """Names of the windows of each sequence, T - length + 1 of them; the same name for the same bases."""
    ends = np.cumsum([len(sequence) for sequence in sequences])
    names, size = np.concatenate(sequences), 1
    while size < length:
        step = min(size, length - size)  # the last pair overlaps
        pairs = names[: len(names) - step] * (len(names) + 8) + names[step:]
        names, size = np.unique(pairs, return_inverse=True)[1], size + step
    starts = [0, *ends[:-1].tolist()]
    return [names[a : b - length + 1] for a, b in zip(starts, ends.tolist(), strict=True)]


def _covered(begins: Bool[np.ndarray, " W"], length: int) -> Bool[np.ndarray, " T"]:
    """The bases of windows that begin at these places.

    >>> _covered(np.array([False, True, False, False]), 2).astype(int).tolist()
    [0, 1, 1, 0, 0]
    """
    edges = np.zeros(len(begins) + length, np.int64)
    edges[: len(begins)] += begins
    edges[length:] -= begins
    return edges.cumsum()[:-1] > 0
