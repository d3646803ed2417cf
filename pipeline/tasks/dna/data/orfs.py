"""Open reading frames: what codes by the start and stop codons alone.

A frame is open from the first ATG after a stop codon up to the next one; one that reaches the end of what is known of a
sequence is open there too.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.tasks.dna.data.bases import FIRST_BASE, Ids, Labels, ids_of, reverse_complement
from pipeline.tasks.dna.data.features import Span, labels_of


def _code(codon: str) -> int:
    return int((ids_of(codon, "") - FIRST_BASE) @ (16, 4, 1))


START = _code("ATG")
STOPS = [_code(codon) for codon in ("TAA", "TAG", "TGA")]


def open_frames(ids: Ids, shortest: int = 1) -> list[Span]:
    """The open reading frames of at least `shortest` bases, their stop codon counted, of both strands.

    >>> open_frames(ids_of("TAAATGCCCTAAC", ""))[1]
    (3, 12, 1, 0)
    """
    found = [(start, end, 1, phase) for start, end, phase in _frames(ids)]
    found += [(len(ids) - end, len(ids) - start, -1, phase) for start, end, phase in _frames(reverse_complement(ids))]
    return [span for span in found if span[1] - span[0] >= shortest]


def labels_by_frames(length: int, frames: Sequence[Span], shortest: int) -> Labels:
    """The labels of bases in frames of at least this length; of several the longest counts."""
    return labels_of(length, [[frame] for frame in frames if frame[1] - frame[0] >= shortest])


def _frames(ids: Ids) -> Iterator[tuple[int, int, int]]:
    for frame in range(3):
        codons = ids[frame : frame + (len(ids) - frame) // 3 * 3].reshape(-1, 3)
        codes = np.where((codons >= FIRST_BASE).all(1), (codons - FIRST_BASE) @ (16, 4, 1), -1)
        stops = np.flatnonzero(np.isin(codes, STOPS))
        starts = np.flatnonzero(codes == START)
        begins = [0, *(stops + 1).tolist()]
        opens = [0, *np.append(starts, len(codes))[np.searchsorted(starts, stops + 1)].tolist()]
        ends = [*(frame + 3 * (stops + 1)).tolist(), len(ids)]
        for begin, first, end in zip(begins, opens, ends, strict=True):
            if begin == 0 and len(codes):
                yield 0, end, frame  # open at the border
            elif first < len(codes) and frame + 3 * first < end:
                yield frame + 3 * first, end, 0
