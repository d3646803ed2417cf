"""A tracking server that is gone, that never answers, or that goes away: no training is lost or held up for it."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from urllib3 import Retry

from pipeline.stage.run import fail
from pipeline.tracking import live, store

from .conftest import ENV, TRAIN, run_in
from .views import set_hidden_size

if TYPE_CHECKING:
    from mlflow import MlflowClient

UNROLL = str(Path(sys.executable).with_name("unroll"))
SYNC = "from pathlib import Path; from pipeline.tracking import sync; print(sync(Path('.')))"


@contextmanager
def blackhole() -> Iterator[tuple[str, list[socket.socket]]]:
    """The address of a server that accepts and never answers, and the connections it took."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", taken
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for connection in taken:
        connection.close()


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


def train(project: Path, address: str, code: int | None = 0, trouble: str = "") -> subprocess.CompletedProcess[str]:
    """One training before the server at this address, which has a second to answer."""
    command = ("dvc", "repro", "-s", TRAIN)
    return run_in(
        project, *command, code=code, MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_TIMEOUT="1", TROUBLE=trouble
    )


def test_the_stated_wait_is_what_timeouts_retries_and_pauses_come_to() -> None:
    retry, seconds = Retry(total=store.RETRIES, backoff_factor=store.PAUSE_SECONDS), float(store.REQUEST_SECONDS)
    while not retry.is_exhausted() and retry.total:
        retry = retry.increment("GET", "/", error=None)
        seconds += retry.get_backoff_time() + store.REQUEST_SECONDS
    assert seconds == store.DEAD_SERVER_SECONDS == 32
    assert live.MAX_WAIT_SECONDS == 64


@pytest.mark.slow
def test_a_server_that_never_answers_is_asked_one_request_and_the_training_is_whole(project: Path) -> None:
    set_hidden_size(project, 3, 7)
    with blackhole() as (address, taken):
        done = train(project, address)
    assert len(taken) == 1 + store.RETRIES
    assert done.stderr.count("the MLflow store must answer") == 1
    assert done.stderr.count("train@gru-1 goes on without it") == 1
    assert (project / "out" / "train" / "gru-1" / "record" / "history.jsonl").read_text().count("\n") == 5


@pytest.mark.faults
def test_a_training_that_fails_before_a_server_that_never_answers_asks_two_requests(project: Path) -> None:
    set_hidden_size(project, 3, 7)
    with blackhole() as (address, taken):
        done = train(project, address, code=None, trouble="error")
    assert len(taken) == live.MAX_WAIT_SECONDS / store.DEAD_SERVER_SECONDS * (1 + store.RETRIES)
    assert "ValueError: the loss is not finite" in done.stderr


@pytest.mark.faults
def test_a_pipeline_before_a_dead_server_ends_well_and_is_synced_later(project: Path, closed: str) -> None:
    set_hidden_size(project, 3, 7)
    (project / "data" / "a.txt").write_text("three\n")
    done = run_in(project, "dvc", "repro", MLFLOW_TRACKING_URI=closed)
    assert done.stderr.count("goes on without it") == 2
    assert done.stderr.count("MLflow is not up to date") == 1
    said = run_in(project, sys.executable, "-c", SYNC).stdout
    assert "4 created from their records" in said


@pytest.mark.slow
@pytest.mark.parametrize("address", ["", "./mlruns", "mssql://127.0.0.1/db", "unknown://host"])
def test_a_short_stage_that_fails_says_its_own_error_first(
    project: Path, closed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    monkeypatch.chdir(project)
    for name, value in {
        "DVC_ROOT": str(project),
        "DVC_STAGE": "corpus",
        "MLFLOW_TRACKING_URI": address or closed,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert fail("corpus", 2, "corpus: the text must not be empty") == 2
    said = capsys.readouterr().err
    assert said.startswith("corpus: the text must not be empty\n")
    assert said.count("MLflow does not show this failure") == 1
    assert said.count("\n") == 2


@pytest.mark.slow
def test_an_address_that_cannot_be_used_stops_no_stage_and_is_named_by_the_commands(project: Path) -> None:
    set_hidden_size(project, 3, 7)
    done = run_in(project, "dvc", "repro", MLFLOW_TRACKING_URI="./mlruns")
    assert done.stderr.count("goes on without it") == 2
    assert done.stderr.count("MLflow is not up to date") == 1
    assert "Traceback" not in done.stderr
    for command in ("sync", "status"):
        failed = run_in(project, UNROLL, command, code=2, MLFLOW_TRACKING_URI="./mlruns")
        assert failed.stderr.count("\n") == 1
        assert "correct MLFLOW_TRACKING_URI" in failed.stderr


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    """The address of a database that is a file."""
    yield f"sqlite:///{folder / 'server.db'}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The address of a PostgreSQL server of its own, on this machine alone; skipped, aloud, where there is none."""
    pytest.importorskip("psycopg2", reason="the driver of PostgreSQL is not here (pip install psycopg2-binary)")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not here (apt-get install postgresql)")
    data, port = folder / "data", free_port()
    data.mkdir()
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        for parent in [data, *data.parents[:-2]]:
            parent.chmod(0o755)
        shutil.chown(data, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]

    def call(program: str, *arguments: str) -> None:
        command = [*as_owner, str(programs[-1] / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    call("initdb", "-D", str(data), "-U", "unroll", "--auth", "trust")
    call("pg_ctl", "-D", str(data), "-w", "-l", str(data / "log"), "-o", f"-p {port} -h 127.0.0.1 -k {data}", "start")
    try:
        yield f"postgresql+psycopg2://unroll@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", str(data), "-m", "fast", "stop")


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


@contextmanager
def server(folder: Path, port: int, database: str) -> Iterator[None]:
    """A real server before a database, stopped at the end of the block."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder)]
    env = {**os.environ, **ENV, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.2)
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@pytest.mark.faults
@pytest.mark.parametrize("database", [sqlite, postgresql])
def test_a_server_that_is_stopped_in_the_middle_of_a_training_gets_the_rest_by_a_sync(
    project: Path, closed: str, tmp_path: Path, database: Callable[[Path], AbstractContextManager[str]]
) -> None:
    set_hidden_size(project, 3, 7)
    port, folder = int(closed.rpartition(":")[2]), tmp_path / "server"
    folder.mkdir()
    with database(folder) as address:
        stop_in_the_middle(project, closed, lambda: server(folder, port, address))


def stop_in_the_middle(project: Path, closed: str, serve: Callable[[], AbstractContextManager[None]]) -> None:
    """A training whose server goes away after half of it, and comes back after its end."""
    from mlflow import MlflowClient

    env = {**os.environ, **ENV, "MLFLOW_TRACKING_URI": closed, "TROUBLE": "wait"}
    with serve():
        training = subprocess.Popen(
            ["dvc", "repro", "-s", TRAIN], cwd=project, env=env, stderr=subprocess.PIPE, text=True
        )
        while not is_half_sent(MlflowClient(closed)):
            assert training.poll() is None
            time.sleep(0.1)
    (project / "go").touch()
    said = training.communicate()[1]
    assert training.returncode == 0, said
    assert said.count("goes on without it") == 1

    with serve():
        for _ in range(2):
            run_in(project, sys.executable, "-c", SYNC, MLFLOW_TRACKING_URI=closed)
        client = MlflowClient(closed)
        experiment = client.get_experiment_by_name("unroll")
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id], "attributes.run_name = 'train gru-1'")
        (run,) = [run for run in runs if run.data.params["hidden_size"] == "7"]
        assert run.info.status == "FINISHED"
        points = client.get_metric_history(run.info.run_id, "train/grad_norm")
        assert sorted((point.step, point.value) for point in points) == [(step, 1 / step) for step in range(10, 60, 10)]


def is_half_sent(client: "MlflowClient") -> bool:
    """Whether the run that is under way holds the step at which the training waits."""
    experiment = client.get_experiment_by_name("unroll")
    condition = "attributes.run_name = 'train gru-1' and attributes.status = 'RUNNING'"
    runs = client.search_runs([experiment.experiment_id], condition) if experiment else []
    return any(
        point.step == 30 for run in runs for point in client.get_metric_history(run.info.run_id, "train/grad_norm")
    )
