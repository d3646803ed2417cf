"""What `python -m reliability.faults` does to whom, and how it says so; tests/test_end_to_end.py is its small form."""

import signal
from random import Random

from reliability.faults import trials, write_section


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
