"""The small form of the kills of `unroll repro --jobs 2` in `python -m reliability.faults`."""

import signal

import pytest

from reliability.side_by_side import Blow, both_undisturbed, tried
from reliability.trials import make_fragile_project

pytestmark = pytest.mark.faults


def test_killed_with_two_stages_at_work_and_then_robbed_of_a_dvc_it_ends_with_the_bytes_of_dvc_repro(tmp_path):
    pristine = tmp_path / "pristine"
    make_fragile_project(pristine)
    blows = [Blow("unroll", signal.SIGKILL, 0.25), Blow("DVC", signal.SIGKILL, 0.25)]
    outcome = tried(0, blows, both_undisturbed(pristine), pristine)
    assert outcome.wrong == []
    assert outcome.blows == blows
