"""Where in a text the gradient is measured."""

import numpy as np
import pytest

from pipeline.analysis.gradients import positions_of
from pipeline.base.errors import ArtifactError

from .gradient_networks import K, P, V, some_ids


def test_positions_are_different_places_with_their_own_inputs_and_targets() -> None:
    ids = some_ids(60)
    window = positions_of(ids, V, K, 7)
    at = np.linspace(2 * K, 60 - 1 - K, 7).astype(int)
    for lane, t in enumerate(at):
        assert window.targets[lane].tolist() == ids[t - 2 * K : t + K + 1].tolist()
        previous = [0, *ids.tolist()][t - 2 * K : t + K + 1]
        assert window.inputs[lane].tolist() == [V if y == 0 else y for y in previous]
    assert len({tuple(row) for row in window.targets}) == 7


def test_the_shortest_text_that_is_enough() -> None:
    window = positions_of(some_ids(3 * K + P), V, K, P)
    assert len({tuple(row) for row in window.targets}) == P
    with pytest.raises(ArtifactError, match=r"needs 3 max_lag \+ positions = 21 tokens \(got 20\); lower gradients"):
        positions_of(some_ids(3 * K + P - 1), V, K, P)
