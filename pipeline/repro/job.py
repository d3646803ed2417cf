"""A stage at work: its process group, its log, and how it ends."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from signal import SIGKILL, Signals

from pipeline.stage.output import WORK
from pipeline.tracking.graph import name_of
from pipeline.tracking.live import MAX_WAIT_SECONDS

LOGS = WORK / "repro"
ONE_STAGE = "pipeline.repro.one_stage"
"""The module that runs a stage, as a process of its own. Nothing here imports it: it is run."""

STEP = re.compile(r"step (\d+) of (\d+)")
EXIT_CODE = re.compile(r", exited with (-?\d+)$", re.MULTILINE)
NOT_RUN = {"didn't change, skipping": "unchanged", "is cached - skipping run": "restored from DVC's cache"}
"""How DVC says that it has run nothing, and how we do."""
TAIL_BYTES = 4096


class Job:
    """A stage that DVC runs in a process group of its own; what it says goes to its log."""

    def __init__(self, address: str) -> None:
        """Start the stage that DVC calls so."""
        self.address, self.name = address, name_of(address)
        self.log = LOGS / f"{self.name.replace('/', '-')}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._start = time.monotonic()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", ONE_STAGE, address],
                stdin=subprocess.PIPE,  # its end says that we have ended
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, well or not."""
        return self._process.poll() is not None

    @property
    def code(self) -> int:
        """The exit code of the stage that has ended: DVC's own is 255 for every trouble, and it writes down which."""
        found = EXIT_CODE.findall(self.tail) if self._process.returncode else []
        code = int(found[-1]) if found else self._process.returncode
        return code if code >= 0 else 128 - code

    @property
    def tail(self) -> str:
        """The last lines of the log."""
        with self.log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace")

    @property
    def step(self) -> tuple[int, int] | None:
        """The last step that a training has told of, and how many there are."""
        found = STEP.findall(self.tail)
        return (int(found[-1][0]), int(found[-1][1])) if found else None

    @property
    def how(self) -> str:
        """How it has ended."""
        if self.code:
            return f"failed with exit code {self.code}"
        return next((said for words, said in NOT_RUN.items() if words in self.tail), f"done in {self.seconds:.0f} s")

    def ask(self, number: Signals) -> None:
        """Have it send a signal to the whole group as soon as no file of DVC's is half-written."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended
            self._process.stdin.write(bytes([number]))
            self._process.stdin.flush()

    def kill(self) -> None:
        """Kill the whole group, or what is left of it, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, SIGKILL)

    def wait(self, seconds: float | None = None) -> None:
        """Until the process has ended, or for so long."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)


def end(jobs: Sequence[Job], number: Signals) -> None:
    """Send all of them a signal. One that does not end of it is killed.

    A training that is interrupted first tells MLflow, and waits so long for a server that does not answer.
    """
    try:
        for job in jobs:
            job.ask(number)
        until = time.monotonic() + MAX_WAIT_SECONDS
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))
    finally:  # also at a second Ctrl-C
        for job in jobs:
            job.kill()
            job.wait()
