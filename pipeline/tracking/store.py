"""The MLflow store: `mlflow.db` and `mlartifacts` at the project's root, unless MLFLOW_TRACKING_URI says otherwise."""

import logging
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from pipeline.base.errors import TrackingError
from pipeline.tracking.process import this_process

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "unroll"
LOCK_SECONDS = 120
"""How long a process waits for another that writes; a sync of a whole pipeline takes some seconds."""

REQUEST_SECONDS = 10
RETRIES = 2
PAUSE_SECONDS = 1
DEAD_SERVER_SECONDS = (1 + RETRIES) * REQUEST_SECONDS + sum(PAUSE_SECONDS * 2**n for n in range(1, RETRIES))
"""The longest that a request to a server that does not answer takes: the first try, the retries, each until its
timeout, and the pauses: none before the first retry, and then PAUSE_SECONDS * 2, * 4, ... A server that refuses
takes the pauses alone. MLflow's own values let a dead server hold a process for many minutes."""

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # else every creation tells of each of its migrations
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(RETRIES),
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": str(PAUSE_SECONDS),
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server would say how long we wait
}
"""What MLflow is told before it is imported; the user's environment goes first."""


@dataclass(frozen=True)
class Store:
    """The experiment of this project in an open MLflow store."""

    client: "MlflowClient"
    experiment: str
    where: str
    """The address, without its password."""
    lock: FileLock
    process: str
    """In whose name runs are made: this process, or the stage that it logs for."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process of this project finds or makes runs meanwhile."""
        with _held(self.lock), translated(self.where):
            yield


def open_store(root: Path, process: str = "") -> Store:
    """The store of the project at `root` (DVC_ROOT where DVC runs us, as `dvc exp run --temp` works in a copy).

    Runs are made in the name of `process`, else of this one.

    Raises:
        TrackingError: where it cannot be reached, read or written.
    """
    root, uri = _located(root)
    where = _without_password(uri)
    (root / ".work").mkdir(exist_ok=True)
    lock = _lock(root)
    with _held(lock), translated(where):  # two processes that make the tables at once make each other fail
        _use_write_ahead_log(uri)
        client = _client(uri)
        return Store(client, _experiment(client, root), where, lock, process or this_process())


def find_store(root: Path) -> Store | None:
    """The store as it is, to be read; None where no run was ever made.

    Raises:
        TrackingError: where it cannot be reached or read.
    """
    root, uri = _located(root)
    where = _without_password(uri)
    with translated(where):
        database = _database(uri)
        if database is not None and not database.exists():
            return None
        client = _client(uri)
        experiment = client.get_experiment_by_name(EXPERIMENT)
        return Store(client, experiment.experiment_id, where, _lock(root), this_process()) if experiment else None


def _located(root: Path) -> tuple[Path, str]:
    """The folder of the project, and the store's address; MLflow's settings are there before anything imports it."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    root = Path(os.environ.get("DVC_ROOT", root)).resolve()
    return root, os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"


def _lock(root: Path) -> FileLock:
    return FileLock(root / ".work" / "mlflow.lock", timeout=LOCK_SECONDS)


def _client(uri: str) -> "MlflowClient":
    from mlflow import MlflowClient

    logging.getLogger("urllib3").setLevel(logging.ERROR)  # else it tells of each try before the error says it all
    return MlflowClient(uri)


def _experiment(client: "MlflowClient", root: Path) -> str:
    """The experiment's id. A server knows where its artifacts go; a database would take the working directory."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        return experiment.experiment_id
    is_server = client.tracking_uri.startswith("http")
    return client.create_experiment(EXPERIMENT, None if is_server else (root / "mlartifacts").as_uri())


def _use_write_ahead_log(uri: str) -> None:
    """Readers (the UI) and a writer do not wait for each other; the setting stays in the file."""
    database = _database(uri)
    if database is not None:
        connection = sqlite3.connect(database, timeout=LOCK_SECONDS)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()


def _database(uri: str) -> Path | None:
    """The file of an SQLite store.

    >>> _database("sqlite:///a/mlflow.db"), _database("http://127.0.0.1:5000")
    (PosixPath('a/mlflow.db'), None)
    """
    from sqlalchemy.engine import make_url

    return Path(str(make_url(uri).database)) if uri.startswith("sqlite:") else None


def _without_password(text: str) -> str:
    """The text with no user and password in its addresses.

    >>> _without_password("refused by http://ann:secret@host/api")
    'refused by http://host/api'
    """
    return re.sub(r"//[^/@\s]*@", "//", text)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Errors of MLflow and its database as a TrackingError; what MLflow calls invalid is a bug of ours."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        if getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE":
            raise
        what = _without_password(" ".join(str(error).split()))
        what_to_do = "start the server or correct MLFLOW_TRACKING_URI; `unroll sync` then brings MLflow up to date"
        raise TrackingError(where, "the MLflow store must answer", what, what_to_do) from error


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    try:
        with lock:
            yield
    except Timeout:
        rule = f"free within {LOCK_SECONDS} seconds"
        what_to_do = "wait for the process that holds it, or end it"
        raise TrackingError(lock.lock_file, rule, "held by another process", what_to_do) from None
