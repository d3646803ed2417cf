"""One stage, by DVC, beside others: `python -m pipeline.repro.one_stage train@char-gru-1`.

It leads a process group of its own, in which are DVC, its shell, and all processes of the stage. A byte on its standard
input is the number of a signal that all of them get. When the input ends, `unroll repro` has ended, however it did:
the stage is killed, and DVC then ends by itself.
"""

import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from threading import Thread

import psutil


def main(stage: str) -> int:
    """Run the stage if it has changed; returns DVC's exit code."""
    from dvc.cli import main as dvc

    Thread(target=_listen, daemon=True).start()
    return dvc(["--wait-for-lock", "repro", "--single-item", stage])


def _listen() -> None:
    while number := os.read(sys.stdin.fileno(), 1):
        _send(number[0])
    while True:  # DVC may be about to start the stage
        _kill_stage()
        time.sleep(0.1)


def _kill_stage() -> None:
    """Kill the group but for DVC, which then lets go of its locks.

    A killed DVC keeps its locks until its parent collects its exit code, and its parent may be gone.
    """
    for pid in psutil.pids():
        with suppress(ProcessLookupError):
            if pid != os.getpid() == os.getpgid(pid):
                os.kill(pid, signal.SIGKILL)


def _send(number: int) -> None:
    """Send the group a signal, and not while one of DVC's processes writes dvc.lock, which it would leave cut.

    The process that writes holds DVC's lock. If the lock is not free within some seconds, the signal is sent anyway.
    """
    from dvc.repo import Repo

    with ExitStack() as stack:
        with suppress(Exception):  # whatever is wrong with the project, the group has to end
            stack.enter_context(Repo().lock)
        os.killpg(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
