"""Dynamic time warping against all paths, one by one."""

from functools import cache

import numpy as np

from pipeline.examples.warping import nearest, warped_distances


def least_of_all_paths(a: np.ndarray, b: np.ndarray) -> float:
    """Every monotone path from the first pair to the last, by plain recursion."""

    @cache
    def from_(i: int, j: int) -> float:
        cost = float(((a[i] - b[j]) ** 2).sum())
        if (i, j) == (len(a) - 1, len(b) - 1):
            return cost
        steps = [(i + 1, j), (i, j + 1), (i + 1, j + 1)]
        return cost + min(from_(*to) for to in steps if to[0] < len(a) and to[1] < len(b))

    return from_(0, 0)


def test_distances_are_those_of_the_best_of_all_paths():
    rng = np.random.default_rng(1)
    query = rng.normal(size=(6, 3))
    others = [rng.normal(size=(length, 3)) for length in (1, 4, 9, 6)]
    found = warped_distances(query, others)
    np.testing.assert_allclose(found, [least_of_all_paths(query, other) for other in others], rtol=1e-12)


def test_a_slower_copy_is_at_no_distance_and_the_nearest():
    rng = np.random.default_rng(2)
    others = [rng.normal(size=(5, 2)) for _ in range(4)]
    slower = others[2].repeat([1, 3, 1, 2, 1], axis=0)
    assert warped_distances(slower, others)[2] < 1e-12
    assert nearest([slower, others[0]], others) == [2, 0]
