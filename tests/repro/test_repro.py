"""`unroll repro` on stages of shell: what runs, in which order, and what is left when one fails or all are stopped."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from dvc.lock import Lock as DvcLock
from shell_project import LOCKS, NAMES, UPSTREAM, change_command, ended, make_shell_project

from pipeline.repro.order import BEFORE
from reliability.project import environment, run

pytestmark = pytest.mark.slow
UNROLL = "python -m pipeline.cli repro"


@pytest.fixture
def project(tmp_path) -> Path:
    make_shell_project(tmp_path / "project")
    return tmp_path / "project"


@contextmanager
def waiting_for_slow(project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`unroll repro --jobs 2`; in the block all is done but `slow`, which waits for a file `go`, and the report."""
    (project / "go").unlink()
    arguments = [*UNROLL.split(), "--jobs", "2"]
    with (
        (project / "said").open("w") as said,
        subprocess.Popen(arguments, cwd=project, env=environment(), stdout=subprocess.DEVNULL, stderr=said) as command,
    ):
        try:
            while "after:" not in entries(project):
                assert command.poll() is None
                time.sleep(0.05)
            yield command
        finally:
            (project / "go").touch()


def entries(project: Path) -> str:
    """What stands in every dvc.lock."""
    return "".join((project / lock).read_text(encoding="utf-8") for lock in LOCKS if (project / lock).exists())


def processes_of(project: Path) -> list[psutil.Process]:
    """Processes at work in the project's folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == project.resolve():
                found.append(process)
    return found


@pytest.fixture
def undisturbed(project, tmp_path) -> Path:
    """A copy of the project in which `dvc repro` has run."""
    shutil.copytree(project, tmp_path / "undisturbed")
    assert run("dvc repro", tmp_path / "undisturbed").returncode == 0
    return tmp_path / "undisturbed"


def test_stages_run_side_by_side_each_after_those_it_depends_on_and_leave_what_dvc_repro_leaves(project, undisturbed):
    with waiting_for_slow(project) as command:
        assert "slow:" not in entries(project)
    order = ended(project)
    assert sorted(order) == sorted(NAMES)
    assert all(order.index(before) < order.index(stage) for stage, wanted in UPSTREAM.items() for before in wanted)
    assert command.returncode == 0
    assert entries(project) == entries(undisturbed)
    assert (project / "report").read_bytes() == (undisturbed / "report").read_bytes()
    assert not (project / BEFORE).exists()


def test_without_a_terminal_each_start_and_each_end_is_a_line(project):
    lines = run(UNROLL, project).stdout.splitlines()
    for name in NAMES:
        assert sum(line == f"{name}: started" for line in lines) == 1
        assert sum(bool(re.fullmatch(rf"{name}: done in \d+ s", line)) for line in lines) == 1
    assert len(lines) == 2 * len(NAMES)
    again = run(UNROLL, project)
    assert (again.returncode, again.stdout) == (0, "All 6 stages are up to date.\n")


def test_a_terminal_shows_a_line_for_each_stage_at_work_with_its_steps(project):
    (project / "go").unlink()
    change_command(project, "until test -e go", "echo step 3 of 8: loss >&2; until test -e go")
    shown = project / "said"
    with (
        shown.open("w") as output,
        subprocess.Popen(
            UNROLL.split(), cwd=project, env={**environment(), "FORCE_COLOR": "1"}, stdout=output
        ) as command,
    ):
        while "3/8" not in shown.read_text():
            assert command.poll() is None
            time.sleep(0.05)
        (project / "go").touch()
    assert command.returncode == 0
    assert "slow: done in" in shown.read_text()


def test_only_what_a_change_can_reach_is_started_and_what_it_did_not_reach_is_not_run(project):
    assert run(UNROLL, project).returncode == 0
    ended(project)
    (project / "source").write_text("6chars", encoding="utf-8")
    (project / "source").write_text("b text\n", encoding="utf-8")  # as long as before: `after` writes the same
    change_command(project, "cat after slow own", "cat after own slow")
    done = run(f"{UNROLL} after", project)
    assert ended(project) == ["text", "quick", "after"]
    assert "slow" not in done.stdout
    done = run(UNROLL, project)
    assert ended(project) == ["slow", "report"]
    assert "own" not in done.stdout


def test_a_stage_whose_inputs_came_out_as_before_is_looked_at_by_dvc_and_not_run(project):
    assert run(UNROLL, project).returncode == 0
    ended(project)
    change_command(project, "cat text > quick", "cat text > ./quick")
    done = run(UNROLL, project)
    assert ended(project) == ["quick"]
    assert "after: unchanged" in done.stdout.splitlines()


def test_a_failure_stops_what_depends_on_it_lets_the_rest_end_and_names_stage_log_and_its_exit_code(project):
    change_command(project, "cat text > quick", "echo no ink >&2; exit 7")
    done = run(f"{UNROLL} --jobs 2", project)
    assert done.returncode == 7
    assert sorted(ended(project)) == ["own", "slow", "text"]
    assert "quick failed with exit code 7; its log is .work/repro/quick.log" in done.stderr
    assert "    no ink\n" in done.stderr
    assert done.stderr.endswith("not run, since they depend on it: after, report\n")
    change_command(project, "echo no ink >&2; exit 7", "cat text > quick")
    assert run(UNROLL, project).returncode == 0
    assert ended(project) == ["quick", "after", "report"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)]
)
def test_what_stops_it_stops_every_stage_at_once_and_the_next_run_ends_with_the_same_bytes(
    project, undisturbed, number, code
):
    with waiting_for_slow(project) as command:
        command.send_signal(number)
        command.wait()
        start = time.monotonic()
        while processes_of(project):
            assert time.monotonic() - start < 5
            time.sleep(0.02)
    assert command.returncode == code
    assert (project / "said").read_text() == (
        "" if number == signal.SIGKILL else f"stopped by {number.name}; `unroll repro` goes on\n"
    )
    assert "slow" not in ended(project)
    assert run(UNROLL, project).returncode == 0
    assert ended(project) == ["slow", "report"]
    assert entries(project) == entries(undisturbed)


def test_nobody_is_stopped_while_dvc_writes_its_lock(project):
    """Who writes dvc.lock holds DVC's lock; a file that is cut would have to be restored by hand."""
    with waiting_for_slow(project) as command:
        with DvcLock(str(project / ".dvc/tmp/lock"), wait=True):
            command.terminate()
            time.sleep(1)
            assert command.poll() is None
        assert command.wait() == 143


def test_a_dvc_that_is_killed_takes_its_stage_along_and_has_failed(project):
    with waiting_for_slow(project) as command:
        [dvc] = [process for process in processes_of(project) if process.cmdline()[-1] == "slow"]
        dvc.kill()
        command.wait()
        assert [process.cmdline() for process in processes_of(project)] == []
    assert command.returncode == 128 + signal.SIGKILL
    assert "slow failed with exit code 137; its log is .work/repro/slow.log" in (project / "said").read_text()


def test_entries_that_were_in_dvc_lock_stay_where_they_are(project):
    """As with `dvc repro`, which puts a new stage's entry at the end."""
    assert run("dvc repro second/dvc.yaml:own", project).returncode == 0
    alone = project.with_name("alone")
    shutil.copytree(project, alone)
    assert run(UNROLL, project).returncode == 0
    assert run("dvc repro", alone).returncode == 0
    assert entries(project) == entries(alone)


def test_a_second_one_is_refused_with_the_first_ones_pid(project):
    with waiting_for_slow(project) as command:
        refused = run(f"{UNROLL} report", project)
    assert refused.returncode == 2
    assert f"one process at a time (got pid {command.pid} on " in refused.stderr
    assert command.returncode == 0


def test_beside_a_dvc_at_work_it_is_refused_in_one_sentence(project):
    (project / "go").unlink()
    with subprocess.Popen(["dvc", "repro", "slow"], cwd=project, env=environment()) as command:
        while not any(process.name() == "sleep" for process in processes_of(project)):
            time.sleep(0.02)
        refused = run(UNROLL, project)
        (project / "go").touch()
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("unroll repro: no other DVC at work here (got ")
    assert f"(PID {command.pid})" in refused.stderr


def test_a_stage_of_another_file_is_called_by_its_name_alone(project):
    (project / "other").unlink()
    failed = run(f"{UNROLL} own", project)
    assert failed.returncode == 255
    assert failed.stdout.splitlines() == ["own: started", "own: failed with exit code 255"]
    assert "own failed with exit code 255; its log is .work/repro/own.log" in failed.stderr
    (project / "other").write_text("another\n", encoding="utf-8")
    assert run(f"{UNROLL} own", project).returncode == 0
    assert ended(project) == ["own"]
    assert run(f"{UNROLL} second/dvc.yaml:own", project).stdout == "All 1 stages are up to date.\n"


def test_a_target_that_is_no_stage_and_too_many_jobs_are_one_sentence(project):
    for words, start in {
        "nothing": "unroll repro nothing: stages of dvc.yaml (got ",
        f"--jobs {(os.cpu_count() or 1) + 1}": "unroll repro --jobs: at most ",
    }.items():
        refused = run(f"{UNROLL} {words}", project)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
        assert refused.stderr.startswith(start)
    assert ended(project) == []
