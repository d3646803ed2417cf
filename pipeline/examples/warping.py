"""Dynamic time warping: how far two sequences are from each other at whatever pace each goes.

Sakoe & Chiba 1978 (IEEE Trans. ASSP 26, 43-49). A path pairs the frames of both from the first pair to the last; each
step goes on in one of them or in both. The distance is the least sum of squared distances between paired frames.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def warped_distances(
    query: Float[np.ndarray, "T D"], references: Sequence[Float[np.ndarray, "_ D"]]
) -> Float[np.ndarray, " N"]:
    """The distance of a sequence from each of others, which may be of any lengths.

    A row of the table of least sums takes one pass: with S the sums of the row's costs c up to each place, and m the
    lesser of the two neighbours in the row above, D[j] = S[j] + min over k <= j of (m[k] - S[k] + c[k]).

    >>> warped_distances(np.array([[0.0], [1.0]]), [np.array([[0.0], [0.0], [1.0]]), np.array([[2.0]])]).tolist()
    [0.0, 5.0]
    """
    last = np.array([len(reference) for reference in references]) - 1
    least = np.empty(0)
    for costs in _costs(query, references):  # (N, U), of each frame of the query
        sums = costs.cumsum(1)
        if least.size:
            before = np.concatenate([least[:, :1], np.minimum(least[:, 1:], least[:, :-1])], axis=1)
            sums += np.minimum.accumulate(before - sums + costs, axis=1)
        least = sums
    return least[np.arange(len(last)), last]


def _costs(
    query: Float[np.ndarray, "T D"], references: Sequence[Float[np.ndarray, "_ D"]]
) -> Float[np.ndarray, "T N U"]:
    """Squared distances between frames; what is behind a reference's end, zeros, reaches no place before it."""
    longest = max(map(len, references))
    padded = np.zeros((len(references), longest, query.shape[1]))
    for row, reference in zip(padded, references, strict=True):
        row[: len(reference)] = reference
    frames = padded.reshape(-1, query.shape[1])
    squares = (query.astype(np.float64) ** 2).sum(1)[:, None] + (frames**2).sum(1)
    return (squares - 2 * query @ frames.T).clip(min=0).reshape(len(query), len(references), longest)


def nearest(
    queries: Sequence[Float[np.ndarray, "_ D"]],
    references: Sequence[Float[np.ndarray, "_ D"]],
) -> list[int]:
    """The place of each query's nearest reference; the first of equally near ones."""
    return [int(warped_distances(query, references).argmin()) for query in queries]
