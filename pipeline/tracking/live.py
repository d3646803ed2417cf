"""The run of a stage while it runs, and the run of a stage that failed.

MLflow is a view: once its store is open, trouble with the store is said once and the training goes on. The run
stays behind, and `unroll sync` builds it from the record.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pipeline.artifacts import Record, Row
from pipeline.errors import TrackingError
from pipeline.tracking.mirror import SyncReport, build_missing_runs
from pipeline.tracking.runs import (
    KEY,
    PROCESS,
    TIME,
    Point,
    Run,
    create_run,
    find_runs,
    finished_run,
    points_of,
    points_of_record,
    reopen_run,
    tags_of,
    this_process,
)
from pipeline.tracking.store import Store, open_store, translated
from pipeline.tracking.work import Work, locked_stages, repository, running_work

FLUSH_SECONDS = 2.0
FLUSH_POINTS = 500


class LiveRun(Protocol):
    """What a running stage logs to."""

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows of the history."""
        ...

    def finish(self, record: Record, out: Path) -> None:
        """Complete the run from the record and the files of `out`."""
        ...


@contextmanager
def live_run(work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[LiveRun]:
    """The run of the work that DVC runs here; what ran before it is in MLflow first.

    MLflow takes seconds to import and open. It does so in a thread, beside the stage's own work; rows wait for it.
    An error ends the run as FAILED with its reason, Ctrl-C as KILLED. A run that was killed or failed goes on.

    Raises:
        TrackingError: from `log`, where the store cannot be opened.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="mlflow") as opener:
        run = _Opening(opener.submit(_open, work, params, tags))
        try:
            yield run
        except BaseException as error:
            run.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED", repr(error))
            raise


def _open(work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> "_Buffer | _FinishedRun":
    with repository(Path(".")) as repo:
        store = open_store(Path(repo.root_dir))
        before = [stage for stage in locked_stages(repo) if stage.work.stage != work.stage]
        with store.alone():
            build_missing_runs(store, before, SyncReport(store.where))
            if finished_run(store, work.key):
                sys.stderr.write(f"MLflow has the finished run of {work.stage} already; nothing is logged to it\n")
                return _FinishedRun()
            return _Buffer(_open_run(store, work, params, tags), lambda: _new_run(store, work, params, tags), work)


class _Opening:
    """Rows on their way to a run that is still being opened."""

    def __init__(self, opening: "Future[_Buffer | _FinishedRun]") -> None:
        self._opening = opening
        self._waiting: list[Row] = []

    def log(self, rows: Sequence[Row]) -> None:
        self._waiting.extend(rows)
        if self._opening.done():
            self._pass_on()

    def finish(self, record: Record, out: Path) -> None:
        self._pass_on()
        self._opening.result().finish(record, out)

    def end(self, status: str, error: str) -> None:
        """End the run without a record; a store that could not be opened is the error itself, or hides no other."""
        if self._opening.exception() is None:
            self._pass_on()
            self._opening.result().end(status, error)

    def _pass_on(self) -> None:
        rows, self._waiting = self._waiting, []
        self._opening.result().log(rows)


def _open_run(store: Store, work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    """The run of this work that did not end well, going on, or a new one. One that runs elsewhere is left alone."""
    wanted = {key: str(value) for key, value in params.items()}
    for left in find_runs(store, f"tags.`{KEY}` = '{work.key}' and attributes.status != 'RUNNING'"):
        if left.data.params == wanted:
            return reopen_run(store, left)
    return _new_run(store, work, params, tags)


def _new_run(store: Store, work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    run = create_run(store, {**tags, **tags_of(work)})
    run.log_params(params)
    return run


class _FinishedRun:
    """The run that holds this work already: nothing is added to it."""

    def log(self, rows: Sequence[Row]) -> None:
        pass

    def finish(self, record: Record, out: Path) -> None:
        pass

    def end(self, status: str, error: str) -> None:
        pass


class _Buffer:
    """Rows on their way to a run: points sent one by one cost many times what batches do."""

    def __init__(self, run: Run, begin_again: Callable[[], Run], work: Work) -> None:
        self._run = run
        self._begin_again = begin_again
        self._work = work
        self._rows: list[Row] = []
        self._num_sent = 0
        self._last_sent = time.monotonic()
        self._is_broken = False

    def log(self, rows: Sequence[Row]) -> None:
        self._rows.extend(rows)
        waiting = len(points_of(self._rows[self._num_sent :]))
        if waiting >= FLUSH_POINTS or time.monotonic() - self._last_sent >= FLUSH_SECONDS:
            self._try(self._send)

    def finish(self, record: Record, out: Path) -> None:
        self._try(self._send)
        self._try(lambda: self._finish(record, out))

    def end(self, status: str, error: str) -> None:
        """End the run without a record."""
        self._try(self._send)
        self._try(lambda: self._run.end(status, error))

    def _send(self) -> None:
        new = points_of(self._rows[self._num_sent :])
        if self._run.contradicts(new):
            self._start_over(points_of(self._rows))
        else:
            self._run.log(new)
        self._num_sent, self._last_sent = len(self._rows), time.monotonic()

    def _finish(self, record: Record, out: Path) -> None:
        if self._run.exceeds(points_of_record(record)):
            self._start_over([point for point in points_of(self._rows) if point.key.startswith(TIME)])
        self._run.complete(record, self._work, out)

    def _start_over(self, points: Sequence[Point]) -> None:
        """A new run: this one holds points of an earlier try that came out otherwise, and points stay for ever."""
        self._run.end("KILLED", "superseded: a later try logged other values")
        self._run = self._begin_again()
        self._run.log(points)

    def _try(self, action: Callable[[], None]) -> None:
        """Do it unless the store failed before: one that does not answer must not hold up a training twice."""
        if self._is_broken:
            return
        try:
            with translated(self._run.store.where):
                action()
        except TrackingError as error:
            self._is_broken = True
            sys.stderr.write(f"{error}\nMLflow shows no more of {self._work.stage} until then\n")


def record_failure(stage: str, message: str) -> None:
    """Leave a FAILED run with the reason, unless the live run has it; never hide the error it is called for."""
    try:
        with repository(Path(".")) as repo:
            work, store = running_work(repo), open_store(Path(repo.root_dir))
        with store.alone():
            if not find_runs(store, f"tags.`{KEY}` = '{work.key}' and tags.{PROCESS} = '{this_process()}'"):
                create_run(store, {"stage": stage, **tags_of(work)}).end("FAILED", message)
    except TrackingError as error:
        sys.stderr.write(f"MLflow does not show this failure: {error}\n")
