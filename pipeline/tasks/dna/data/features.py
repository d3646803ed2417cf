"""From the places of coding features to a label a base.

A base in several features has the label of the longest of them (of equal ones, of the first): genes overlap.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.tasks.dna.data.bases import Labels

Span = tuple[int, int, int, int]
"""Start, end, strand, and bases before the first whole codon in the order of reading."""


def labels_of(length: int, features: Sequence[Sequence[Span]]) -> Labels:
    """The label of each base.

    >>> labels_of(8, [[(0, 2, 1, 0), (3, 4, 1, 1)], [(4, 8, -1, 0)]]).tolist()
    [1, 2, 0, 3, 4, 6, 5, 4]
    """
    labels = np.zeros(length, np.int64)
    for spans in sorted(reversed(features), key=lambda spans: sum(end - start for start, end, *_ in spans)):
        for start, end, strand, phase in spans:
            places = (np.arange(end - start) - phase) % 3
            labels[start:end] = 1 + places if strand == 1 else 4 + places[::-1]
    return labels
