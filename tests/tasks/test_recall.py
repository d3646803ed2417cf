"""Scores by distance, by hand."""

import math

import numpy as np
import pytest

from pipeline.tasks.recall import Answer, accuracy_figure, by, longest_good, measured
from pipeline.tasks.recall_source import known_scores

ANSWERS = [Answer([True], [1.0]), Answer([True], [2.0]), Answer([False], [6.0]), Answer([True], [0.0])]
DISTANCES, ATTRACTORS = [4, 1, 4, 1], [0, None, 2, 2]


def test_groups_rise_and_hold_their_own_answers():
    near, far = by("distance", DISTANCES, ANSWERS, "bits")
    assert (near["distance"], near["n"], near["accuracy"], near["bits"]) == (1, 2, 1.0, 1.0)
    assert (far["distance"], far["n"], far["accuracy"], far["bits"]) == (4, 2, 0.5, 3.5)
    interval = far["accuracy_low"], far["accuracy_high"]
    assert interval == pytest.approx((0.0945, 0.9055), abs=1e-4)  # Wilson's formula by hand
    assert [(row["attractors"], row["n"]) for row in by("attractors", ATTRACTORS, ANSWERS, "bits")] == [(0, 1), (2, 2)]


def test_an_example_with_several_questions_is_one_trial():
    """Symbols of one copy are forgotten together: 20 questions in 4 examples have the interval of 4 trials."""
    four = [Answer([True] * 5, [0.0] * 5)] * 2 + [Answer([False] * 5, [3.0] * 5)] * 2
    (row,) = by("distance", [7] * 4, four, "bits")
    assert (row["n"], row["accuracy"], row["bits"]) == (4, 0.5, 1.5)
    z = 1.959964
    reach = z * math.sqrt(2 * 2 / 4 + z**2 / 4) / (4 + z**2)
    assert row["accuracy_high"] - row["accuracy_low"] == pytest.approx(2 * reach, rel=1e-5)


def test_the_interval_of_a_cost_is_that_of_a_mean():
    """For many examples the bootstrap is the normal interval of a mean."""
    costs = np.random.default_rng(1).random(2000)
    cost = measured([Answer([True], [float(c)]) for c in costs], "bits")["bits"]
    assert cost.value == pytest.approx(costs.mean())
    half_width = 1.96 * costs.std() / math.sqrt(2000)
    assert (cost.high - cost.low) / 2 == pytest.approx(half_width, rel=0.1)


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [([1.0, 0.95, 1.0], 30), ([1.0, 0.94, 1.0], 10), ([0.9, 1.0, 1.0], None)],
)
def test_a_distance_counts_while_no_nearer_one_fails(accuracies, expected):
    rows = [{"distance": d, "accuracy": a} for d, a in zip([10, 20, 30], accuracies, strict=True)]
    assert longest_good(rows) == expected


def test_known_scores_are_the_same_in_both_splits():
    best, guess = known_scores("bits", 3.0, 0.125)
    assert (best.kind, guess.kind) == ("optimum", "baseline")
    for split in ("validation", "test"):
        assert {name: m.value for name, m in best.scores[split].items()} == {"accuracy": 1.0, "bits": 0.0}
        assert {name: (m.low, m.high) for name, m in guess.scores[split].items()} == {
            "accuracy": (0.125, 0.125),
            "bits": (3.0, 3.0),
        }


def test_the_figure_draws_every_distance_and_its_interval():
    rows = by("distance", DISTANCES, ANSWERS, "bits")
    (axes,) = accuracy_figure(rows).axes
    assert np.asarray(axes.lines[1].get_xydata()).tolist() == [[1, 1.0], [4, 0.5]]
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1, band.y0) == pytest.approx((1, 4, rows[1]["accuracy_low"]))
