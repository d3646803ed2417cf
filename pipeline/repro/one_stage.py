"""One stage, by DVC, beside others: `python -m pipeline.repro.one_stage train@char-gru-1`.

It leads a process group of its own, in which are DVC, its shell, and all processes of the stage: one signal ends them
together. Its standard input ends with `unroll repro`, however that ends; then all of them end as abruptly.
"""

import os
import signal
import sys
from threading import Thread


def main(stage: str) -> int:
    """Run the stage if it has changed; returns DVC's exit code."""
    from dvc.cli import main as dvc

    Thread(target=_end_with_parent, daemon=True).start()
    return dvc(["--wait-for-lock", "repro", "--single-item", stage])


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.killpg(os.getpid(), signal.SIGKILL)  # the group that this process leads


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
