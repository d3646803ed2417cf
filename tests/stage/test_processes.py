"""How several processes of one stage end, and what is said of it."""

import os
import signal

import pytest

from pipeline.base import launch
from pipeline.base.errors import EXIT_BUG, EXIT_USER_ERROR, PipelineError
from pipeline.stage import processes

KILLED = -signal.SIGKILL


@pytest.mark.parametrize(
    ("codes", "said", "code", "message"),
    [
        ((2, 2), {0: "the sentence", 1: "the sentence"}, EXIT_USER_ERROR, "the sentence"),
        ((1, 2), {0: "Traceback: connection closed", 1: "the sentence"}, EXIT_USER_ERROR, "the sentence"),
        ((1, 0), {0: "Traceback: a bug"}, EXIT_BUG, "Traceback: a bug"),
        (
            (1, KILLED),
            {0: "Traceback: connection closed"},
            EXIT_USER_ERROR,
            "process 1: it must run to the end (got SIGKILL",
        ),
        ((3, 0), {}, 3, "exit code 3"),
    ],
)
def test_one_error_is_said_for_all(tmp_path, codes, said, code, message):
    for rank, words in said.items():
        (tmp_path / f"error-{rank}.txt").write_text(words)
    failure = processes._failure(tmp_path, codes, codes)
    assert failure.code == code
    assert str(failure).startswith(message)


def test_more_processes_than_processors_are_one_sentence():
    with pytest.raises(PipelineError, match="at most the processors of this machine"):
        processes.launch("sys:exit", [], 10**6)


def test_what_a_rank_says_is_left_for_who_started_it(tmp_path, monkeypatch, capfd):
    processes.say("alone\n")
    monkeypatch.setattr(launch, "_launch", launch.Launch(1, 2, tmp_path))
    processes.say("a rank")
    assert capfd.readouterr().err == "alone\n"
    assert (tmp_path / "error-1.txt").read_text() == "a rank"


def main(argv: list[str]) -> int:
    """What the ranks of the next test run."""
    if argv == ["kill"] and launch.this_launch().is_helper:
        os.kill(os.getpid(), signal.SIGKILL)
    processes.say(f"rank {launch.this_launch().rank} of {launch.this_launch().size}: {argv}")
    return 2 if argv == ["fail"] else 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "message"), [(["well"], None), (["fail"], r"^rank 0 of 2: \['fail'\]$"), (["kill"], "^process 1: ")]
)
def test_ranks_end_together(monkeypatch, argv, message):
    monkeypatch.setattr(processes.os, "cpu_count", lambda: 2)
    monkeypatch.syspath_prepend(os.path.dirname(__file__))
    entry = "test_processes:main"
    if message is None:
        return processes.launch(entry, argv, 2)
    with pytest.raises(processes.RankFailedError, match=message) as failed:
        processes.launch(entry, argv, 2)
    assert failed.value.code == EXIT_USER_ERROR
    assert not launch.this_launch().is_launched
