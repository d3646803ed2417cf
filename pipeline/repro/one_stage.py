"""One stage, by DVC, beside others: `python -m pipeline.repro.one_stage train@char-gru-1`.

It leads a process group of its own, in which are DVC, its shell, and all processes of the stage. A byte on its standard
input is the number of a signal that all of them get. When the input ends, `unroll repro` has ended, however it did, and
they are killed.
"""

import os
import signal
import sys
from contextlib import ExitStack, suppress
from threading import Thread


def main(stage: str) -> int:
    """Run the stage if it has changed; returns DVC's exit code."""
    from dvc.cli import main as dvc

    Thread(target=_listen, daemon=True).start()
    return dvc(["--wait-for-lock", "repro", "--single-item", stage])


def _listen() -> None:
    while number := os.read(sys.stdin.fileno(), 1):
        _send(number[0])
    _send(signal.SIGKILL)


def _send(number: int) -> None:
    """Send the group a signal, and not while one of DVC's processes writes dvc.lock, which it would leave cut.

    Who writes holds DVC's lock; DVC takes it within some seconds, or gives up, and then nobody waits any longer.
    """
    from dvc.repo import Repo

    with ExitStack() as stack:
        with suppress(Exception):  # whatever is wrong with the project, the group has to end
            stack.enter_context(Repo().lock)
        os.killpg(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
