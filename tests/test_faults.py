"""A training that is killed ends with the same bytes: the small form of `python -m reliability.faults`."""

import shutil
import signal
from pathlib import Path
from random import Random

import pytest

from reliability.faults import (
    TRAIN,
    Trial,
    Undisturbed,
    cut,
    differences,
    make_fragile_project,
    out,
    small_and_fragile,
    trials,
    tried,
    undisturbed,
    write_section,
)
from reliability.kills import Kill


@pytest.fixture(scope="module")
def pristine(tmp_path_factory, others_store) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "pristine"
    make_fragile_project(folder, lambda params: small_and_fragile(params, tokens=3000))
    shutil.copy(others_store, folder)
    return folder


@pytest.fixture(scope="module")
def expected(pristine) -> Undisturbed:
    return undisturbed(pristine, TRAIN)


@pytest.mark.slow
def test_a_training_killed_in_a_write_and_again_and_robbed_of_its_newest_state_ends_with_the_same_bytes(
    pristine, expected
):
    kills = [Kill(signal.SIGKILL, False, "write", 0.3), Kill(signal.SIGKILL, True, "saved", 0.6)]
    outcome = tried(Trial(0, TRAIN, kills, cut), expected, pristine)
    assert outcome.wrong == []
    assert (outcome.kills, outcome.writes) == (kills, 1)
    after_the_write, after_the_cut = outcome.shares
    assert 0.2 < after_the_write <= after_the_cut < 1


@pytest.mark.slow
def test_one_byte_of_difference_is_named(expected, tmp_path):
    """What compares can tell: an equal copy has no difference, one bit changed has one."""
    copy = tmp_path / "copy"
    shutil.copytree(expected.folder, copy, symlinks=True)
    assert differences(expected, copy) == []
    weights = copy / out(TRAIN) / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    shutil.copy(expected.folder.with_name("pristine") / "dvc.lock", copy)
    assert [of.partition(":")[0] for of in differences(expected, copy)] == ["weights.safetensors differs", "dvc.lock"]


def test_trials_are_of_all_kinds_and_the_same_every_time():
    all_of_them = trials(20, Random(1))
    assert all_of_them == trials(20, Random(1))
    kills = [kill for trial in all_of_them for kill in trial.kills]
    assert {kill.signal for kill in kills} == {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}
    assert {kill.group for kill in kills} == {True, False}
    assert sum(kill.moment == "write" for kill in kills) >= 6
    assert sum(trial.damage is not None for trial in all_of_them) == 4
    assert sum(len(trial.kills) == 2 for trial in all_of_them) == 5


def test_a_section_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n")
    for _ in range(2):
        write_section(page, "new")
    assert page.read_text() == "before\n<!-- faults -->\nnew\n<!-- /faults -->\nafter\n"
