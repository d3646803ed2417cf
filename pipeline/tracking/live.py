"""The run of a stage while it runs, and the run of a stage that failed."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipeline.base.artifacts import Row
from pipeline.base.errors import PipelineError, TrackingError
from pipeline.tracking.graph import repository
from pipeline.tracking.messages import Begin, End, Finish, Message, Rows, encode
from pipeline.tracking.process import this_process
from pipeline.tracking.runs import KEY, PROCESS, create_run, find_runs, tags_of
from pipeline.tracking.store import DEAD_SERVER_SECONDS, open_store
from pipeline.tracking.work import Work, running_work

MAX_WAIT_SECONDS = 2 * DEAD_SERVER_SECONDS
"""The longest that a stage waits for a server that does not answer: at its end for the request that is under way
and, where the stage itself failed, for one more that would leave a FAILED run. While it trains it waits for none."""

LIVE_PROCESS = "pipeline.tracking.live_process"
"""The module that logs, as a process of its own. Nothing here imports it: it is run."""


class LiveProcess:
    """The process that logs the run of a running stage. If it dies, that is said once, and the stage goes on."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._is_lost = False
        # a session of its own: Ctrl-C is for the stage, which then says how the run ends
        self._process = subprocess.Popen(
            [sys.executable, "-m", LIVE_PROCESS],
            stdin=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._messages = self._process.stdin

    def send(self, message: Message) -> None:
        """Have it follow the message, if it still does."""
        if self._messages.closed or self._is_lost:
            return
        try:
            self._messages.write(encode(message))
            self._messages.flush()
        except BrokenPipeError:
            self._process.wait()
            self._lose()

    def close(self) -> None:
        """Wait until the process has followed all messages. Without a last one, the run is left as if killed."""
        with suppress(BrokenPipeError):
            self._messages.close()
        if self._process.wait():
            self._lose()

    def _lose(self) -> None:
        if not self._is_lost:
            got, what_to_do = f"exit code {self._process.returncode}", "`unroll sync` completes the run after the stage"
            error = TrackingError(f"python -m {LIVE_PROCESS}", "it must run as long as the stage", got, what_to_do)
            sys.stderr.write(f"{error}\n{self._stage} goes on without it\n")
        self._is_lost = True


class LiveRun:
    """The run of a running stage, logged by a process that is started when the stage has run for some seconds.

    MLflow costs seconds, as much as a short training. Nobody watches a curve for so short a time, and the record
    holds it: of a stage that ends well before, the next sync makes the run.
    """

    def __init__(self, work: Work, params: Mapping[str, Any], tags: Mapping[str, str], after_seconds: float) -> None:
        self._stage = work.stage
        self._due = time.monotonic() + after_seconds
        self._waiting: list[Message] = [Begin(work, params, tags, this_process())]
        self._process: LiveProcess | None = None

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows; they are sent when there are enough, or when some have waited for long."""
        self._waiting.append(Rows(rows))
        if self._is_due:
            self._send()

    def finish(self, out: Path) -> None:
        """Complete the run from the record and the files of `out`, if it is due and the store answers."""
        if self._is_due:
            self._waiting.append(Finish(str(out)))
            self._send()
            self.close()

    def end(self, status: str, error: str) -> None:
        """End the run without a record, if the store answers."""
        self._waiting.append(End(status, error))
        self._send()
        self.close()

    def close(self) -> None:
        """Wait until all that was sent is followed."""
        if self._process is not None:
            self._process.close()

    @property
    def _is_due(self) -> bool:
        return time.monotonic() >= self._due

    def _send(self) -> None:
        if self._process is None:
            self._process = LiveProcess(self._stage)
        for message in self._waiting:
            self._process.send(message)
        self._waiting.clear()


@contextmanager
def live_run(work: Work, params: Mapping[str, Any], tags: Mapping[str, str], after_seconds: float) -> Iterator[LiveRun]:
    """The run of the work that DVC runs here, from `after_seconds` on; what ran before it is in MLflow first.

    A process beside the stage writes it, so that the stage waits for MLflow at its end alone. An error ends the run as
    FAILED with its reason, Ctrl-C as KILLED, whenever it is. A run that was killed or failed goes on. A store that
    cannot be used stops nothing.
    """
    run = LiveRun(work, params, tags, after_seconds)
    try:
        yield run
    except BaseException as error:
        run.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", repr(error))
        raise
    finally:
        run.close()


def record_failure(stage: str, message: str) -> None:
    """Leave a FAILED run with the reason, unless the live run has it; never hide the error it is called for."""
    try:
        with repository(Path(".")) as repo:
            work, store = running_work(repo), open_store(Path(repo.root_dir))
        with store.alone():
            if not find_runs(store, f"tags.`{KEY}` = '{work.key}' and tags.{PROCESS} = '{store.process}'"):
                create_run(store, {"stage": stage, **tags_of(work)}).end("FAILED", message)
    except (PipelineError, OSError) as error:
        sys.stderr.write(f"MLflow does not show this failure: {error}\n")
