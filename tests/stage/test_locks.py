"""One process at a time, and none for ever."""

import os
import signal
import subprocess
import sys

import pytest

from pipeline.base.errors import PipelineError
from pipeline.stage.locks import alone, try_lock

HOLD = """
import sys
from pathlib import Path
from pipeline.stage.locks import alone

with alone(Path(sys.argv[1]), "out"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "train")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_refuses_and_names_the_first_and_how_to_stop_it(tmp_path, holder):
    with pytest.raises(PipelineError, match=rf"out: one process at a time .*pid {holder.pid} .*`kill {holder.pid}`"):
        with alone(tmp_path / "train", "out"):
            pytest.fail("two at once")


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with alone(tmp_path / "train", "out"):
        assert (tmp_path / "train.pid").read_text().startswith(f"{os.getpid()} on ")


def test_a_lock_is_free_again_after_its_block(tmp_path):
    for _ in range(2):
        with try_lock(tmp_path / "a") as is_ours, try_lock(tmp_path / "b") as other, try_lock(tmp_path / "a") as again:
            assert (is_ours, other, again) == (True, True, False)
