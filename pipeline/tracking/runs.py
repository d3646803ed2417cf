"""Runs in the store: found by their key, filled from a record, ended.

A run holds what its record holds, whether it was logged live or rebuilt, for `complete` is the one that ends both.
Only `time/` metrics and the times of the run itself differ: no record holds them.
"""

import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.base.artifacts import Record, Row, damaged
from pipeline.figures import PALETTE
from pipeline.tracking.process import is_dead
from pipeline.tracking.store import Store
from pipeline.tracking.work import Work

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

KEY = "dvc.stage_key"
STAGE = "dvc.stage"
COMMIT = "git.commit"
PROCESS = "process"
"""The stage, or the sync, whose run it is."""
ERROR = "error"
NAME = "mlflow.runName"
NOTE = "mlflow.note.content"
COLOUR = "mlflow.runColor"
TIME = "time/"
"""Metrics of the clock: the same work takes another time, so no record holds them."""

SUPERSEDED = "superseded: a later try logged other values"
"""Why a run is left: points stay in MLflow for ever."""

MAX_METRICS = 1000
MAX_PARAMS = 100
MAX_TAG = 5000
MAX_PARAM = 6000
MAX_NAME = 250
MAX_DATASET = 500
"""What MLflow takes in one request, and the characters of one tag, param, run name and name of a data set."""


class Point(NamedTuple):
    """A metric at a step."""

    key: str
    step: int
    value: float


def points_of(rows: Iterable[Row]) -> list[Point]:
    """The rows' metrics one by one.

    >>> points_of([Row(3, {"norm": 0.5})])
    [Point(key='norm', step=3, value=0.5)]
    """
    return [Point(key, row.step, value) for row in rows for key, value in row.metrics.items()]


def points_of_record(record: Record) -> list[Point]:
    """History and final metrics. MLflow's table shows the point of the highest step, and it must show the final one:
    where the history of its key ends in another value (the last weights are not the best), it follows one step on.

    >>> points_of_record(Record({}, {}, {"nats": 1.0, "size": 3.0}, [Row(8, {"nats": 2.0})]))
    [Point(key='nats', step=8, value=2.0), Point(key='nats', step=9, value=1.0), Point(key='size', step=0, value=3.0)]
    """
    history = points_of(record.history)
    last = {point.key: point for point in sorted(history, key=lambda point: point.step)}
    final = [
        Point(key, last[key].step + 1 if key in last else 0, value)
        for key, value in sorted(record.metrics.items())
        if key not in last or last[key].value != value
    ]
    return history + final


@dataclass
class Run:
    """A run that this process writes."""

    store: Store
    id: str
    logged: dict[tuple[str, int], float] = field(default_factory=dict)
    """Every point that the store holds."""

    def log(self, points: Sequence[Point]) -> None:
        """Send the points that the store lacks."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        new = {(key, step): value for key, step, value in points if (key, step) not in self.logged}
        metrics = [Metric(key, value, now, step) for (key, step), value in new.items()]
        for batch in _batches(metrics, MAX_METRICS):
            self.store.client.log_batch(self.id, metrics=batch)
        self.logged |= new

    def contradicts(self, points: Iterable[Point]) -> bool:
        """Whether the store holds another value for one of the points."""
        return any(
            self.logged.get((key, step), value) != value for key, step, value in points if not key.startswith(TIME)
        )

    def exceeds(self, points: Iterable[Point]) -> bool:
        """Whether the store holds a point that is not one of these."""
        expected = {(key, step): value for key, step, value in points}
        return any(expected.get(at) != value for at, value in self.logged.items() if not at[0].startswith(TIME))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Send the params; equal ones again are no harm."""
        from mlflow.entities import Param

        for batch in _batches([Param(*param) for param in sorted(shown_params(params).items())], MAX_PARAMS):
            self.store.client.log_batch(self.id, params=batch)

    def complete(self, record: Record, work: Work, out: Path) -> None:
        """Make the run hold all of the record, its artifacts and its data sets, and end it."""
        self.log_params(record.params)
        self.log(points_of_record(record))
        self._log_data(work)
        for name in record.artifacts:
            self._log_artifact(out, name)
        self.end("FINISHED")

    def _log_data(self, work: Work) -> None:
        """DVC's MD5 as the digest of each data set: MLflow's limit of 36 characters just holds it with its `.dir`."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        context = InputTag("mlflow.data.context", work.stage.partition("@")[0])
        inputs = [
            DatasetInput(Dataset(path[-MAX_DATASET:], md5, "dvc", path), [context])
            for path, md5 in sorted(work.data.items())
        ]
        if inputs:
            self.store.client.log_inputs(self.id, inputs)

    def _log_artifact(self, out: Path, name: str) -> None:
        if not (out / name).exists():
            raise damaged(out / name, FileNotFoundError())
        folder = Path(name).parent.as_posix()
        self.store.client.log_artifact(self.id, str(out / name), None if folder == "." else folder)

    def end(self, status: str, error: str | None = None) -> None:
        """End as FINISHED, FAILED or KILLED; the last lines of the error say most."""
        if error is not None:
            for tag in (ERROR, NOTE):
                self.store.client.set_tag(self.id, tag, printable(error)[-MAX_TAG:])
        self.store.client.set_terminated(self.id, status)


def printable(text: str) -> str:
    r"""The text as every database takes it: NULs, and bytes of a file's name that are no UTF-8, are spelled out.

    >>> printable("a\udcff\0b")
    'a\\udcff\\x00b'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def shown_params(params: Mapping[str, Any]) -> dict[str, str]:
    """The params as MLflow takes them, each cut at its limit; the record holds them whole."""
    return {key: printable(str(value))[:MAX_PARAM] for key, value in params.items()}


def tags_of(work: Work) -> dict[str, str]:
    """The tags by which the run of this work is found."""
    return {KEY: work.key, STAGE: work.stage, NAME: work.run_name}


def create_run(store: Store, tags: Mapping[str, str]) -> Run:
    """A new run, RUNNING in the name of the store's process."""
    tags = {**tags, PROCESS: store.process, **commit_tag()}
    return Run(store, store.client.create_run(store.experiment, tags=tags).info.run_id)


def open_run(store: Store, work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    """The run of this work that did not end well, going on, or a new one. One of another process is left alone."""
    wanted = shown_params(params)
    for left in find_runs(store, f"tags.`{KEY}` = '{work.key}' and attributes.status != 'FINISHED'"):
        is_free = left.info.status != "RUNNING" or left.data.tags.get(PROCESS) == store.process
        if is_free and left.data.params == wanted:
            return reopen_run(store, left)
    return new_run(store, work, params, tags)


def new_run(store: Store, work: Work, params: Mapping[str, Any], tags: Mapping[str, str]) -> Run:
    """A new run of this work, with its params."""
    run = create_run(store, {**tags, **tags_of(work), **colour_tag(store, tags.get("model"))})
    run.log_params(params)
    return run


def colour_tag(store: Store, model: str | None) -> dict[str, str]:
    """The model's colour in MLflow's charts, as a tag: that of its newest run, or the next of the figures'.

    MLflow itself gives each run one of a few by chance, so that two of five models are often alike.
    """
    if model is None:
        return {}
    is_coloured = f"tags.`{COLOUR}` LIKE '#%' and tags.model"
    same = store.client.search_runs([store.experiment], f"{is_coloured} = '{model}'", max_results=1)
    if same:
        return {COLOUR: same[0].data.tags[COLOUR]}
    models = {run.data.tags["model"] for run in find_runs(store, f"{is_coloured} LIKE '%'")}
    return {COLOUR: PALETTE[len(models) % len(PALETTE)]}


def reopen_run(store: Store, run: "MlflowRun") -> Run:
    """A run that did not end well, RUNNING again in the name of the store's process, its curves going on."""
    client, run_id = store.client, run.info.run_id
    logged = {
        (metric.key, metric.step): metric.value
        for key in run.data.metrics
        for metric in client.get_metric_history(run_id, key)
    }
    client.set_tag(run_id, PROCESS, store.process)
    for tag in {ERROR, NOTE} & set(run.data.tags):
        client.delete_tag(run_id, tag)
    client.update_run(run_id, "RUNNING")
    return Run(store, run_id, logged)


def find_runs(store: Store, condition: str) -> "list[MlflowRun]":
    """All runs of the experiment under MLflow's condition, the newest first."""
    found, token = [], None
    while True:
        page = store.client.search_runs([store.experiment], condition, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def finished_run(store: Store, key: str) -> "MlflowRun | None":
    """The run that holds this work."""
    found = find_runs(store, f"tags.`{KEY}` = '{key}' and attributes.status = 'FINISHED'")
    return found[0] if found else None


def finished_runs(store: Store) -> "dict[str, MlflowRun]":
    """The run that holds each finished work, by the work's key, in one search."""
    found = find_runs(store, f"tags.`{KEY}` LIKE '%' and attributes.status = 'FINISHED'")
    return {run.data.tags[KEY]: run for run in reversed(found)}  # the newest of a key is the last


def kill_dead_runs(store: Store) -> list[str]:
    """Names of the runs that said RUNNING of a process of this host that is gone: now they are KILLED."""
    dead = [
        run
        for run in find_runs(store, "attributes.status = 'RUNNING'")
        if PROCESS in run.data.tags and is_dead(run.data.tags[PROCESS])
    ]
    for run in dead:
        Run(store, run.info.run_id).end("KILLED")
    return [run.data.tags[NAME] for run in dead]


def commit_tag() -> dict[str, str]:
    """The commit that is checked out, as a tag; none outside Git and before the first commit."""
    try:
        git = subprocess.run(["git", "rev-parse", "--verify", "HEAD"], capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no Git on this machine
        return {}
    return {COMMIT: git.stdout.strip()} if git.returncode == 0 else {}


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
