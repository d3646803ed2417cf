"""Dynamic time warping: how far clips are apart when either may be stretched (Sakoe & Chiba 1978)."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def distances(
    query: Float[np.ndarray, "T D"], templates: Sequence[Float[np.ndarray, "_ D"]]
) -> Float[np.ndarray, " N"]:
    """The distance of a clip to each of N templates: the least cost of a path through both.

    A path pairs first with first step and last with last, and goes on from pair to pair in one of them or in both; it
    costs the Euclidean distances of its pairs, and is divided by T + S. All templates are filled up to one length, and
    the pairs whose places have one sum are computed together: each needs those of the two sums before alone.
    """
    lengths = np.array([len(template) for template in templates])
    filled = np.zeros((len(templates), lengths.max(), query.shape[1]), np.float32)
    for row, template in zip(filled, templates, strict=True):
        row[: len(template)] = template
    squares = (query**2).sum(1)[:, None] + (filled**2).sum(2)[:, None]
    costs = np.sqrt(np.maximum(squares - 2 * np.matmul(query, filled.transpose(0, 2, 1)), 0))  # (N, T, S)
    before, last = np.full((2, len(templates), len(query) + 1), np.inf, np.float32)  # by steps of the query, 1 more
    before[:, 0] = 0
    found = np.empty(len(templates))
    for places in range(len(query) + lengths.max() - 1):
        i = np.arange(max(0, places - lengths.max() + 1), min(places, len(query) - 1) + 1)
        now = np.full_like(last, np.inf)
        now[:, i + 1] = costs[:, i, places - i] + np.minimum(np.minimum(last[:, i], last[:, i + 1]), before[:, i])
        ends = lengths == places - len(query) + 2
        found[ends] = now[ends, -1]
        before, last = last, now
    return found / (len(query) + lengths)
