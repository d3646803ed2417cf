import math

import pytest

from pipeline.report.estimates import Estimate, estimate


def test_interval_is_students_t_of_a_printed_table():
    # t(0.975; 4) = 2.776 in any table; 1..5 has mean 3 and s = sqrt(2.5)
    three = estimate([1.0, 2.0, 3.0, 4.0, 5.0])
    assert three.mean == 3.0
    assert three.half_width == pytest.approx(2.776 * math.sqrt(2.5 / 5), rel=2e-4)
    assert three.seeds == 5


def test_one_seed_has_no_interval_and_overlaps_with_nothing():
    one = estimate([2.0])
    assert one == Estimate(2.0, None, 1)
    assert not one.overlaps(one)


@pytest.mark.parametrize(("distance", "overlap"), [(0.29, True), (0.31, False)])
def test_intervals_overlap_where_they_share_a_point(distance: float, overlap: bool):
    assert Estimate(1.0, 0.1, 3).overlaps(Estimate(1.0 + distance, 0.2, 3)) is overlap
    assert Estimate(1.0 + distance, 0.2, 3).overlaps(Estimate(1.0, 0.1, 3)) is overlap
