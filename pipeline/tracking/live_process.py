"""The curve of a training on its way to its run, by a process of its own: `python -m pipeline.tracking.live_process`.

MLflow takes seconds to import and open. A thread of the training would hold Python's lock for them; a process uses a
core that the training does not. The training (`live`) sends it `messages` on its standard input. When that ends
before the run has, the training was killed: then it ends as abruptly.

MLflow is a view: trouble with its store is said once, and the training goes on. The run stays behind until the store
is back; if that is after the training, `unroll sync` completes it from the record.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from pipeline.base.artifacts import Record, Row
from pipeline.base.errors import EXIT_BUG, PipelineError
from pipeline.tracking.graph import repository
from pipeline.tracking.messages import Begin, End, Finish, Message, Rows, decode
from pipeline.tracking.mirror import SyncReport, build_missing_runs
from pipeline.tracking.runs import (
    SUPERSEDED,
    TIME,
    Point,
    Run,
    finished_run,
    new_run,
    open_run,
    points_of,
    points_of_record,
)
from pipeline.tracking.store import open_store
from pipeline.tracking.work import locked_stages

FLUSH_SECONDS = 2.0
FLUSH_POINTS = 500
RETRY_SECONDS = 60.0
"""How long a store that failed is left alone. Then the next rows try it again, beside the training."""


def main(lines: Iterable[str]) -> bool:
    """Log the run of a stage as its messages say; false if they stop before the run has ended."""
    messages = (decode(line) for line in lines if line.endswith("\n"))  # a stage that is killed may leave half a line
    begin = next(messages, None)
    return isinstance(begin, Begin) and _follow(messages, Curve(begin, open_stage_run, ThreadPoolExecutor(1, "mlflow")))


def _follow(messages: Iterable[Message], curve: "Curve") -> bool:
    for message in messages:
        match message:
            case Rows(rows):
                curve.log(rows)
            case Finish(out):
                curve.finish(Record.load(Path(out)), Path(out))
                return True
            case End(status, error):
                curve.end(status, error)
                return True
    return False


def open_stage_run(begin: Begin) -> Run | None:
    """The run of the stage that DVC runs here; what ran before it is in MLflow first.

    None if MLflow has the finished run of this work already.
    """
    with repository(Path(".")) as repo:
        store = open_store(Path(repo.root_dir), begin.process)
        before = [stage for stage in locked_stages(repo) if stage.work.stage != begin.work.stage]
        with store.alone():
            build_missing_runs(store, before, SyncReport(store.where))
            if finished_run(store, begin.work.key) is None:
                return open_run(store, begin.work, begin.params, begin.tags)
    sys.stderr.write(f"MLflow has the finished run of {begin.work.stage} already; nothing is logged to it\n")
    return None


class Curve:
    """Rows on their way to a run, in batches, since points sent one by one cost many times as much.

    A run that could not take them is opened again later, and asked which points it holds: none is sent twice.
    """

    def __init__(self, begin: Begin, open_run: Callable[[Begin], Run | None], thread: Executor) -> None:
        self._begin = begin
        self._open_run = open_run
        self._thread = thread
        self._rows: list[Row] = []
        self._run: Run | None = None
        self._is_finished = False
        """The store had the finished run of this work already: nothing is added to it."""
        self._num_sent = 0
        self._next_try = 0.0
        self._has_warned = False
        self._sending = thread.submit(self._try)

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows; they are sent when there are enough, or when some have waited for long."""
        if self._is_finished:
            return
        self._rows.extend(rows)
        if self._sending.done() and self._is_due():
            self._sending.result()  # raises what is a bug of ours
            self._sending = self._thread.submit(self._try)

    def finish(self, record: Record, out: Path) -> None:
        """Complete the run from the record, if the store answers."""
        self._at_the_end(lambda run: self._complete(run, record, out))

    def end(self, status: str, error: str) -> None:
        """End the run without a record, if the store answers."""
        self._at_the_end(lambda run: run.end(status, error))

    def _is_due(self) -> bool:
        now = time.monotonic()
        is_full = len(points_of(self._rows[self._num_sent :])) >= FLUSH_POINTS
        return now >= self._next_try if self._run is None else is_full or now >= self._next_try

    def _at_the_end(self, action: Callable[[Run], object]) -> None:
        """Do it after what is under way, unless the store failed just now: it must not hold the stage up twice."""
        self._sending.result()
        if self._run is not None or time.monotonic() >= self._next_try:
            self._thread.submit(self._try, action).result()

    def _try(self, action: Callable[[Run], object] | None = None) -> None:
        try:
            self._do(action)
            self._next_try = time.monotonic() + FLUSH_SECONDS
        except PipelineError as error:  # of the store, or of a damaged record of another stage
            self._run, self._next_try = None, time.monotonic() + RETRY_SECONDS
            if not self._has_warned:
                sys.stderr.write(f"{error}\n{self._begin.work.stage} goes on without it\n")
            self._has_warned = True

    def _do(self, action: Callable[[Run], object] | None) -> None:
        """Open the run if it is not open, send all rows that are there now, then do the action."""
        if self._run is None and not self._is_finished:
            self._run, self._num_sent = self._open_run(self._begin), 0
            self._is_finished = self._run is None
        if self._run is None:
            return
        run = self._send(self._run)
        if action is not None:
            action(run)

    def _send(self, run: Run) -> Run:
        """The run that holds all rows that are there now."""
        num_rows = len(self._rows)  # the training goes on adding
        new = points_of(self._rows[self._num_sent : num_rows])
        if run.contradicts(new):
            run = self._start_over(run, points_of(self._rows[:num_rows]))
        else:
            run.log(new)
        self._num_sent = num_rows
        return run

    def _complete(self, run: Run, record: Record, out: Path) -> None:
        with run.store.alone():
            if finished_run(run.store, self._begin.work.key):
                run.end("KILLED", "superseded: another process has done the same work meanwhile")
                return
            if run.exceeds(points_of_record(record)):
                run = self._start_over(run, [point for point in points_of(self._rows) if point.key.startswith(TIME)])
            run.complete(record, self._begin.work, out)

    def _start_over(self, run: Run, points: Sequence[Point]) -> Run:
        """A new run: this one holds points of an earlier try that came out otherwise."""
        run.end("KILLED", SUPERSEDED)
        self._run = new_run(run.store, self._begin.work, self._begin.params, self._begin.tags)
        self._run.log(points)
        return self._run


if __name__ == "__main__" and not main(sys.stdin):
    os._exit(EXIT_BUG)  # at once: a later try may be at this run already
