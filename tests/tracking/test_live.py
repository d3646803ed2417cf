"""A training and the process that logs its run: what is told, and what becomes of the one when the other dies."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.base.artifacts import Row
from pipeline.base.errors import EXIT_BUG
from pipeline.tracking import live, sync
from pipeline.tracking.live import LIVE_PROCESS, LiveRun, live_run
from pipeline.tracking.messages import Begin, End, Finish, Message, Rows, decode, encode
from pipeline.tracking.process import this_process
from pipeline.tracking.work import Work

from .conftest import ENV, TRAIN
from .views import named, set_hidden_size

WORK = Work("train@char-gru-1", "python -m stages.train", {"out/corpus": "1.dir"}, {"params.yaml": {"seed": 1}})
ROWS = [Row(1, {"nats": 2.0}), Row(2, {"nats": 1.0})]
LISTENER = "import sys; open('said', 'w').write(sys.stdin.read())"


@pytest.fixture
def logs_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes this program the process that logs."""

    def use(program: str) -> None:
        (tmp_path / "logger.py").write_text(program)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(live, "LIVE_PROCESS", "logger")

    return use


def said(folder: Path) -> list[Message]:
    """All messages that the process got."""
    return [decode(line) for line in (folder / "said").read_text().splitlines()]


def fail_with(error: BaseException, after_seconds: float, finish: bool = False) -> None:
    """A stage that fails, perhaps when its record is written."""
    with live_run(WORK, {}, {}, after_seconds) as run:
        run.log(ROWS)
        if finish:
            run.finish(Path("out"))
        raise error


def test_the_process_is_told_whose_run_it_is_then_every_row_then_the_record(logs_by, tmp_path: Path) -> None:
    logs_by(LISTENER)
    with live_run(WORK, {"seed": 1}, {"stage": "train"}, after_seconds=0.0) as run:
        run.log(ROWS[:1])
        run.log(ROWS[1:])
        run.finish(Path("out"))
    assert said(tmp_path) == [
        Begin(WORK, {"seed": 1}, {"stage": "train"}, this_process()),
        Rows(ROWS[:1]),
        Rows(ROWS[1:]),
        Finish("out"),
    ]


def test_a_stage_that_ends_soon_starts_no_process(logs_by, tmp_path: Path) -> None:
    logs_by(LISTENER)
    with live_run(WORK, {}, {}, after_seconds=60.0) as run:
        run.log(ROWS)
        run.finish(Path("out"))
    assert not (tmp_path / "said").exists()


@pytest.mark.parametrize("late", ["rows", "end"])
def test_a_stage_that_runs_for_long_is_told_from_its_first_row(
    logs_by, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """It is time at its last rows, or when it ends."""
    logs_by(LISTENER)
    now = time.monotonic()
    monkeypatch.setattr(live.time, "monotonic", lambda: now)
    with live_run(WORK, {}, {}, after_seconds=60.0) as run:
        run.log(ROWS[:1])
        now += 60 if late == "rows" else 59
        run.log(ROWS[1:])
        assert (run._process is not None) == (late == "rows")
        now += 1
        run.finish(Path("out"))
    assert said(tmp_path)[1:] == [Rows(ROWS[:1]), Rows(ROWS[1:]), Finish("out")]


def test_a_failure_behind_the_end_of_a_short_stage_is_told_without_that_end(logs_by, tmp_path: Path) -> None:
    """Its out could not be put in its place: MLflow must not look for it."""
    logs_by(LISTENER)
    with pytest.raises(OSError, match="no space"):
        fail_with(OSError("no space"), after_seconds=60.0, finish=True)
    assert said(tmp_path)[1:] == [Rows(ROWS), End("FAILED", "OSError('no space')")]


@pytest.mark.parametrize("after_seconds", [0.0, 60.0])
@pytest.mark.parametrize(("error", "status"), [(ValueError("not finite"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_an_error_is_told_with_its_reason_and_goes_on(
    logs_by, tmp_path: Path, error: BaseException, status: str, after_seconds: float
) -> None:
    logs_by(LISTENER)
    with pytest.raises(type(error)):
        fail_with(error, after_seconds)
    assert said(tmp_path)[1:] == [Rows(ROWS), End(status, repr(error))]


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import sys; sys.stdin.buffer.read(); raise SystemExit(3)"])
def test_a_process_that_dies_is_said_once_and_holds_nothing_up(
    logs_by, capfd: pytest.CaptureFixture[str], program: str
) -> None:
    """At once, or when all was told."""
    logs_by(program)
    many = [Row(step, {"nats": 1.0}) for step in range(10_000)]  # more than a pipe holds
    with live_run(WORK, {}, {}, after_seconds=0.0) as run:
        for _ in range(3):
            run.log(many)
        run.finish(Path("out"))
    text = capfd.readouterr().err
    assert text.count("it must run as long as the stage (got exit code 3); `unroll sync` completes the run") == 1
    assert text.count("train@char-gru-1 goes on without it") == 1


@pytest.mark.parametrize("cut", [0, 5, 1000])
def test_the_process_ends_with_a_training_that_is_killed_perhaps_within_a_word(tmp_path: Path, cut: int) -> None:
    lines = encode(Begin(WORK, {}, {}, "host 1 1")) + encode(Rows([Row(1, {"n": 2.0})]))
    command, cut_lines = [sys.executable, "-m", LIVE_PROCESS], lines[: max(0, len(lines) - cut)]
    done = subprocess.run(command, input=cut_lines, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (EXIT_BUG, "", "")


def test_ctrl_c_does_not_reach_the_process(logs_by, tmp_path: Path) -> None:
    """In a terminal it goes to all processes of the group."""
    logs_by("import os, sys; sys.stdin.buffer.read(); open('group', 'w').write(str(os.getpgid(0)))")
    run = LiveRun(WORK, {}, {}, after_seconds=0.0)
    run.finish(Path("out"))
    assert int((tmp_path / "group").read_text()) not in (0, os.getpgid(0))


@pytest.mark.slow
def test_ctrl_c_leaves_a_killed_run_that_says_so(project: Path) -> None:
    """The real process, a stage that waits, and a signal for the group of both, as from a terminal."""
    sync(project)
    set_hidden_size(project, 3, 7)
    env = os.environ | ENV | {"TROUBLE": "wait"}
    training = subprocess.Popen(
        ["dvc", "repro", "-s", TRAIN], cwd=project, env=env, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not any(run.info.status == "RUNNING" for run in named(project, "train gru-1")):
            assert training.poll() is None
            time.sleep(0.1)
        os.killpg(training.pid, signal.SIGINT)
        assert training.wait(60) != 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(training.pid, signal.SIGKILL)  # DVC and the stage, where the test fails
        training.wait()
    (run,) = [run for run in named(project, "train gru-1") if run.data.params["hidden_size"] == "7"]
    assert (run.info.status, run.data.tags["error"]) == ("KILLED", "KeyboardInterrupt()")
