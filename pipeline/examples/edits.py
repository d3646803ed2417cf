"""The fewest edits that turn one sequence into another, and which they are.

Written here because scores need the edits of each example, and the report needs the pairs behind them: torchmetrics
has neither for words, and jiwer brings a compiled library for both.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

Pair = tuple[T | None, T | None]
"""An element of the answer and the one of the reference that it replaces or equals; None where one of them is
missing."""


def aligned(answer: Sequence[T], reference: Sequence[T]) -> list[Pair[T]]:
    """The pairs of an alignment with the fewest edits: substitutions, insertions and deletions, which cost one each.

    Wagner & Fischer 1974 (J. ACM 21, 168-173).

    >>> aligned("too nine".split(), "two nine now".split())
    [('too', 'two'), ('nine', 'nine'), (None, 'now')]
    """
    costs = _costs(answer, reference)
    i, j = len(answer), len(reference)
    pairs: list[Pair[T]] = []
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + (answer[i - 1] != reference[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((answer[i], reference[j]))
        elif i and costs[i][j] == costs[i - 1][j] + 1:
            i -= 1
            pairs.append((answer[i], None))
        else:
            j -= 1
            pairs.append((None, reference[j]))
    return pairs[::-1]


def num_edits(answer: Sequence[T], reference: Sequence[T]) -> int:
    """How many edits `aligned` has.

    >>> num_edits("kitten", "sitting")
    3
    """
    return _costs(answer, reference)[-1][-1]


def _costs(answer: Sequence[T], reference: Sequence[T]) -> list[list[int]]:
    """Edits between the first i elements and the first j."""
    rows = [list(range(len(reference) + 1))]
    for i, said in enumerate(answer, start=1):
        row = [i]
        for j, wanted in enumerate(reference, start=1):
            row.append(min(rows[-1][j - 1] + (said != wanted), rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    return rows
