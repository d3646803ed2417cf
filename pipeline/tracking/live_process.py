"""The curve of a training on its way to its run, by a process of its own: `python -m pipeline.tracking.live_process`.

MLflow takes seconds to import and open. A thread of the training would hold Python's lock for them; a process uses a
core that the training does not. It is told what to do on its standard input (`live` is who tells). When that ends
before the run has, the training was killed: then it ends as abruptly.

MLflow is a view: trouble with its store is said once, and the training goes on. The run stays behind until the store
is back; if that is after the training, `unroll sync` completes it from the record.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.base.artifacts import Record, Row
from pipeline.base.errors import EXIT_BUG, PipelineError
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
from pipeline.tracking.work import Work, locked_stages, repository

FLUSH_SECONDS = 2.0
FLUSH_POINTS = 500
RETRY_SECONDS = 60.0
"""How long a store that failed is left alone. Then the next rows try it again, beside the training."""


def main(lines: Iterable[str]) -> None:
    """Do what the training says: first whose run it is, then calls of `Curve`, of which the last ends the run."""
    told = _words(lines)
    work, params, tags, process = next(told)
    work = Work(**work)
    with ThreadPoolExecutor(1, thread_name_prefix="mlflow") as thread:
        curve = Curve(
            work, lambda: _open(work, params, tags, process), lambda run: new_run(run.store, work, params, tags), thread
        )
        for word, *about in told:
            match word:
                case "log":
                    curve.log([Row(step, metrics) for step, metrics in about[0]])
                case "finish":
                    return curve.finish(Record.load(Path(about[0])), Path(about[0]))
                case "end":
                    return curve.end(*about)


def _words(lines: Iterable[str]) -> Iterator[list[Any]]:
    """What is said, a line each. The end of the lines is that of the training, perhaps within a word."""
    for line in lines:
        if line.endswith("\n"):
            yield json.loads(line)
    os._exit(EXIT_BUG)  # at once: a later try may be at this run already


def _open(work: Work, params: Mapping[str, Any], tags: Mapping[str, str], process: str) -> Run:
    """The run of the work that DVC runs here; what ran before it is in MLflow first."""
    with repository(Path(".")) as repo:
        store = open_store(Path(repo.root_dir), process)
        before = [stage for stage in locked_stages(repo) if stage.work.stage != work.stage]
        with store.alone():
            build_missing_runs(store, before, SyncReport(store.where))
            finished = finished_run(store, work.key)
            if finished is None:
                return open_run(store, work, params, tags)
    sys.stderr.write(f"MLflow has the finished run of {work.stage} already; nothing is logged to it\n")
    return _FinishedRun(store, finished.info.run_id)


class _FinishedRun(Run):
    """The run that holds this work already: nothing is added to it."""

    def log(self, points: Sequence[Point]) -> None:
        pass

    def complete(self, record: Record, work: Work, out: Path) -> None:
        pass

    def end(self, status: str, error: str | None = None) -> None:
        pass


class Curve:
    """Rows on their way to a run, in batches, since points sent one by one cost many times as much.

    A run that could not take them is opened again later, and asked which points it holds: none is sent twice.
    """

    def __init__(
        self, work: Work, open_run: Callable[[], Run], begin_again: Callable[[Run], Run], thread: Executor
    ) -> None:
        self._work = work
        self._open_run = open_run
        self._begin_again = begin_again
        self._thread = thread
        self._rows: list[Row] = []
        self._run: Run | None = None
        self._num_sent = 0
        self._next_try = 0.0
        self._has_warned = False
        self._sending = thread.submit(self._try, self._send)

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows; they are sent when there are enough, or when some have waited for long."""
        self._rows.extend(rows)
        if self._sending.done() and self._is_due():
            self._sending.result()  # raises what is a bug of ours
            self._sending = self._thread.submit(self._try, self._send)

    def finish(self, record: Record, out: Path) -> None:
        """Complete the run from the record, if the store answers."""
        self._at_the_end(lambda: self._complete(record, out))

    def end(self, status: str, error: str) -> None:
        """End the run without a record, if the store answers."""
        self._at_the_end(lambda: self._send().end(status, error))

    def _is_due(self) -> bool:
        now = time.monotonic()
        is_full = len(points_of(self._rows[self._num_sent :])) >= FLUSH_POINTS
        return now >= self._next_try if self._run is None else is_full or now >= self._next_try

    def _at_the_end(self, action: Callable[[], object]) -> None:
        """Do it after what is under way, unless the store failed just now: it must not hold the stage up twice."""
        self._sending.result()
        if self._run is not None or time.monotonic() >= self._next_try:
            self._thread.submit(self._try, action).result()

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
            self._next_try = time.monotonic() + FLUSH_SECONDS
        except PipelineError as error:  # of the store, or of a damaged record of another stage
            self._run, self._next_try = None, time.monotonic() + RETRY_SECONDS
            if not self._has_warned:
                sys.stderr.write(f"{error}\n{self._work.stage} goes on without it\n")
            self._has_warned = True

    def _send(self) -> Run:
        """The run, opened, holding all rows that are there now."""
        if self._run is None:
            self._run, self._num_sent = self._open_run(), 0
        num_rows = len(self._rows)  # the training goes on adding
        new = points_of(self._rows[self._num_sent : num_rows])
        if self._run.contradicts(new):
            self._start_over(points_of(self._rows[:num_rows]))
        else:
            self._run.log(new)
        self._num_sent = num_rows
        return self._run

    def _complete(self, record: Record, out: Path) -> None:
        run = self._send()
        with run.store.alone():
            if finished_run(run.store, self._work.key):
                run.end("KILLED", "superseded: another process has done the same work meanwhile")
                return
            if run.exceeds(points_of_record(record)):
                run = self._start_over([point for point in points_of(self._rows) if point.key.startswith(TIME)])
            run.complete(record, self._work, out)

    def _start_over(self, points: Sequence[Point]) -> Run:
        """A new run: this one holds points of an earlier try that came out otherwise."""
        assert self._run is not None
        self._run.end("KILLED", SUPERSEDED)
        self._run = self._begin_again(self._run)
        self._run.log(points)
        return self._run


if __name__ == "__main__":
    main(sys.stdin)
