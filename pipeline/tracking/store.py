"""The MLflow store: `mlflow.db` and `mlartifacts` at the project's root, unless MLFLOW_TRACKING_URI says otherwise."""

import functools
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock, Timeout

from pipeline.base.errors import TrackingError
from pipeline.tracking.address import MUST_ANSWER, MUST_TAKE_FILES, Address, sqlite_uri, translated
from pipeline.tracking.database import artifact_location, move_artifacts, use_write_ahead_log
from pipeline.tracking.process import this_process

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

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
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # a line for each run that ends
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
    """Every error that it raises is a TrackingError."""
    experiment: str
    where: str
    """The address, without its password."""
    lock: FileLock
    process: str
    """In whose name runs are made: this process, or the stage that it logs for."""
    is_moved: bool = False
    """The project was moved, and MLflow looks for its artifacts where it was."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other process of this project finds or makes runs meanwhile."""
        with _held(self.lock):
            yield


class _Client:
    """An MlflowClient, each of its calls `translated`."""

    def __init__(self, client: "MlflowClient", address: Address) -> None:
        self.client = client
        self._address = address

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.client, name)
        if not callable(value):
            return value
        rule = MUST_TAKE_FILES if name == "log_artifact" else MUST_ANSWER

        @functools.wraps(value)
        def call(*args: Any, **kwargs: Any) -> Any:
            with translated(self._address, rule):
                return value(*args, **kwargs)

        return call


def configure_mlflow() -> None:
    """Set what MLflow is told by its environment; it reads some of it when it is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # else it tells of each try before the error says it all


def open_store(root: Path, process: str = "") -> Store:
    """The store of the project at `root`, made where there is none; one that was moved follows its project.

    Runs are made in the name of `process`, else of this one.

    Raises:
        TrackingError: where it cannot be reached, read or written.
    """
    configure_mlflow()
    address = Address.of(root)
    lock = _lock(address)
    with _held(lock):  # two processes that make the tables at once make each other fail
        _prepare_database(address)
        client = _client(address)
        return Store(client, _experiment(client, address), address.where, lock, process or this_process())


def find_store(root: Path) -> Store | None:
    """The store as it is, to be read; None where no run was ever made.

    Raises:
        TrackingError: where it cannot be reached or read.
    """
    configure_mlflow()
    address = Address.of(root)
    with translated(address):
        if address.database and artifact_location(address.database, EXPERIMENT) is None:
            return None
    client = _client(address)
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return None
    return Store(
        client, found.experiment_id, address.where, _lock(address), this_process(), _old_place(address) is not None
    )


def _lock(address: Address) -> FileLock:
    return FileLock(address.root / ".work" / "mlflow.lock", timeout=LOCK_SECONDS)


def _prepare_database(address: Address) -> None:
    if address.database is None:
        return
    with translated(address):
        old = _old_place(address)
        if old is not None:
            move_artifacts(address.database, old, address.artifacts)
        if not address.database.exists() or address.database.stat().st_size == 0:
            _make_database(address.database, address.artifacts)
        use_write_ahead_log(address.database)


def _make_database(database: Path, artifacts: str) -> None:
    """Make MLflow's tables under another name first: MLflow cannot go on with tables that a kill left half made."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    unfinished = database.with_name(f"{database.name}.unfinished")
    unfinished.write_bytes(b"")
    SqlAlchemyStore(sqlite_uri(unfinished), artifacts).engine.dispose()
    unfinished.replace(database)


def _old_place(address: Address) -> str | None:
    """Where the project's own store had its artifacts before the project was moved; None where it was not."""
    if address.database is None or not address.is_own:
        return None
    found = artifact_location(address.database, EXPERIMENT)
    is_elsewhere = found is not None and found.startswith("file:") and found.endswith("/mlartifacts")
    return found if is_elsewhere and found != address.artifacts else None


def _client(address: Address) -> "MlflowClient":
    with translated(address):
        from mlflow import MlflowClient

        # else MLFLOW_REGISTRY_URI could stop a client that registers no model
        return cast("MlflowClient", _Client(MlflowClient(address.uri, registry_uri=address.uri), address))


def _experiment(client: "MlflowClient", address: Address) -> str:
    """The experiment's id. A server knows where its artifacts go; a database would take the working directory."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        is_server = address.uri.startswith("http")
        return client.create_experiment(EXPERIMENT, None if is_server else address.artifacts)
    _restore(client, found)
    return found.experiment_id


def _restore(client: "MlflowClient", experiment: "Experiment") -> None:
    """Bring back an experiment that was deleted in MLflow, which keeps its name, so that no other can take it."""
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
        sys.stderr.write(f"MLflow's experiment {EXPERIMENT} had been deleted; it is restored, with its runs\n")


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Hold the lock.

    Raises:
        TrackingError: where another process holds it for too long, or its file cannot be written.
    """
    try:
        Path(lock.lock_file).parent.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout:
        rule = f"free within {LOCK_SECONDS} seconds"
        what_to_do = "wait for the process that holds it, or end it"
        raise TrackingError(lock.lock_file, rule, "held by another process", what_to_do) from None
    except (OSError, NotImplementedError) as error:  # filelock raises the latter where a file system has no locks
        rule, what_to_do = "a file that can be locked", "make the folder writable for the user who runs this"
        raise TrackingError(lock.lock_file, rule, error, what_to_do) from error
    try:
        yield
    finally:
        lock.release()
