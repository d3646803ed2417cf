"""What `python -m reliability.faults` does to whom, and how it says so; tests/test_end_to_end.py is its small form."""

import shlex
import signal
import sys
from random import Random

from reliability import side_by_side
from reliability.faults import write_section
from reliability.kills import started
from reliability.trials import trials


def test_trials_are_of_all_kinds_and_the_same_every_time():
    all_of_them = trials(20, Random(1))
    assert all_of_them == trials(20, Random(1))
    kills = [kill for trial in all_of_them for kill in trial.kills]
    assert {kill.signal for kill in kills} == {signal.SIGKILL, signal.SIGTERM, signal.SIGINT}
    assert {kill.group for kill in kills} == {True, False}
    assert sum(kill.moment == "write" for kill in kills) >= 6
    assert sum(trial.damage is not None for trial in all_of_them) == 4
    assert sum(len(trial.kills) == 2 for trial in all_of_them) == 5


def test_trials_of_unroll_repro_strike_it_and_all_that_it_runs_and_are_the_same_every_time():
    all_of_them = side_by_side.trials(20, Random(1))
    assert all_of_them == side_by_side.trials(20, Random(1))
    blows = [blow for blows in all_of_them for blow in blows]
    assert sum(blow.victim == "unroll" for blow in blows) >= 10
    assert {blow.victim for blow in blows} == {"unroll", "DVC", "stage"}
    assert {blow.signal for blow in blows if blow.victim == "unroll"} == {*side_by_side.SIGNALS["unroll"]}


def test_a_section_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- faults -->\nold\n<!-- /faults -->\nafter\n")
    for _ in range(2):
        write_section(page, "new")
    assert page.read_text() == "before\n<!-- faults -->\nnew\n<!-- /faults -->\nafter\n"


def test_a_kill_meets_the_stage_and_not_the_shell_that_waits_for_it(tmp_path):
    """DVC runs a stage by $SHELL, else by /bin/sh. A second kill finds nobody, and that is no error."""
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/train.py").write_text("import time; time.sleep(60)")
    with started(shlex.join(["/bin/sh", "-c", f"{sys.executable} -m stages.train; exit $?"]), tmp_path) as work:
        assert work.stage.cmdline() == [sys.executable, "-m", "stages.train"]
        work.send(signal.SIGKILL, group=False)
        work.wait_for_end()
        assert work.end().returncode == 128 + signal.SIGKILL
        work.send(signal.SIGKILL, group=False)
