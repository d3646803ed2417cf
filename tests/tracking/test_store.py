"""The store is made once, quietly, and a store that does not answer is a user's error."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from pipeline.base.errors import TrackingError
from pipeline.tracking.address import Address, translated
from pipeline.tracking.runs import create_run, find_runs
from pipeline.tracking.store import Store, find_store, open_store

pytestmark = pytest.mark.slow  # MLflow and its store take seconds, in each test process


def test_the_store_lies_beside_its_artifacts_in_wal_mode(store: Store) -> None:
    root = Path(store.lock.lock_file).parents[1]
    with sqlite3.connect(root / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    experiment = store.client.get_experiment(store.experiment)
    assert experiment.name == "unroll"
    assert experiment.artifact_location == (root / "mlartifacts").as_uri()


def test_dvc_root_goes_before_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "root").mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "root"))
    assert open_store(tmp_path / "copy").where == f"sqlite:///{tmp_path}/root/mlflow.db"


def test_a_server_that_does_not_answer_is_named_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://someone:secret@127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"^http://127\.0\.0\.1:9: the MLflow store must answer") as caught:
        open_store(tmp_path)
    assert "unroll sync" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("not a database, and long enough to be read as the head of one " * 9)
    with pytest.raises(
        TrackingError, match=r"mlflow.db: the MLflow store must answer \(got DatabaseError: file is not a database"
    ):
        open_store(tmp_path)


ADDRESSES = {
    "./mlruns": "maintenance mode.*correct MLFLOW_TRACKING_URI, for example http",
    "mlruns": "maintenance mode.*correct MLFLOW_TRACKING_URI",
    "file:///mlruns": "maintenance mode.*correct MLFLOW_TRACKING_URI",
    "127.0.0.1:5000": "correct MLFLOW_TRACKING_URI, for example http",
    "localhost:5000": "unsupported URI 'localhost:5000'.*correct MLFLOW_TRACKING_URI, for example http",
    "http:/127.0.0.1:9": "Invalid url.*correct MLFLOW_TRACKING_URI",
    "http://[::1": "got ValueError: Invalid IPv6 URL.*correct MLFLOW_TRACKING_URI",
    "http://127.0.0.1:port": "Invalid url.*correct MLFLOW_TRACKING_URI",
    "mssql://ann:secret@127.0.0.1/db": "got ModuleNotFoundError: No module named 'pyodbc'.*install what it names",
    "databricks": "Databricks.*correct MLFLOW_TRACKING_URI",
    "unknown://host": "unsupported URI 'unknown://host'.*correct MLFLOW_TRACKING_URI",
    "s3://bucket": "unsupported URI 's3://bucket'.*correct MLFLOW_TRACKING_URI",
    "sqlite://": "an SQLite address names a file",
    "sqlite:///:memory:": "an SQLite address names a file",
    "sqlite:mlflow.db": "an SQLite address names a file",
    "sqlite:////no/such/folder/mlflow.db": "got FileNotFoundError: .*No such file or directory",
}


@pytest.mark.parametrize(("address", "said"), ADDRESSES.items())
def test_an_address_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(TrackingError, match=said) as caught:
        open_store(tmp_path)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def a_folder(path: Path) -> None:
    path.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\1" * 100)


def of_a_newer_mlflow(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("update alembic_version set version_num = 'fedcba987654'")
        database.commit()


DAMAGE: dict[Callable[[Path], None], str] = {
    a_folder: "got OperationalError",
    cut: "got DatabaseError",
    of_a_newer_mlflow: "fedcba987654",
}


@pytest.mark.parametrize("look", [open_store, find_store])
@pytest.mark.parametrize("spoil", DAMAGE)
def test_a_database_that_mlflow_cannot_use_is_one_sentence(
    tmp_path: Path, others_store: Path, spoil: Callable[[Path], None], look: Callable[[Path], object]
) -> None:
    database = tmp_path / "mlflow.db"
    if spoil is of_a_newer_mlflow:
        database.write_bytes(others_store.read_bytes())
        with closing(sqlite3.connect(database)) as opened:
            opened.execute("update experiments set name = 'unroll' where name = 'of another'")
            opened.commit()
    spoil(database)
    with pytest.raises(TrackingError, match=f"{DAMAGE[spoil]}.*move mlflow.db away") as caught:
        look(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_database_is_filled_by_a_writer_and_left_by_a_reader(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert find_store(tmp_path) is None
    assert (tmp_path / "mlflow.db").read_bytes() == b""
    assert open_store(tmp_path).client.get_experiment_by_name("unroll") is not None


class Killed(BaseException):
    """What no `except Exception` sees, as a kill is not seen."""


def test_a_database_whose_making_was_killed_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow makes its tables one after another; here the first is all that there was time for."""

    def one_table(engine: Engine) -> None:
        with engine.begin() as connection:
            connection.execute(text("create table mcp_servers (id integer)"))
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.store.db.utils._initialize_tables", one_table)
        with pytest.raises(Killed):
            open_store(tmp_path)
    assert find_store(tmp_path) is None
    assert open_store(tmp_path).client.get_experiment_by_name("unroll") is not None
    assert not list(tmp_path.glob("*.unfinished*"))


@pytest.mark.parametrize("raised", [ImportError("no boto3"), PermissionError(13, "Permission denied"), KeyError("a")])
def test_whatever_a_plugin_raises_is_a_tracking_error_that_names_its_type(raised: Exception) -> None:
    with pytest.raises(TrackingError, match=rf"got {type(raised).__name__}: .*unroll sync") as caught:
        with translated(Address(Path("/project"), "http://host", None)):
            raise raised
    assert caught.value.__cause__ is raised


def test_a_page_of_html_is_cut() -> None:
    with pytest.raises(TrackingError) as caught, translated(Address(Path("/project"), "http://host", None)):
        raise ValueError("<p>no\n" * 10_000)
    assert len(str(caught.value)) < 900
    assert "\n" not in str(caught.value)


def test_a_file_of_artifacts_that_cannot_be_stored_is_one_sentence(store: Store, tmp_path: Path) -> None:
    """An artifact root that this machine cannot write: here a file is in its way."""
    (tmp_path / "root").write_text("")
    (tmp_path / "figure.txt").write_text("")
    experiment = store.client.create_experiment(f"of {tmp_path}", (tmp_path / "root").as_uri())
    run = store.client.create_run(experiment)
    with pytest.raises(TrackingError, match="the artifact store must take files from this machine"):
        store.client.log_artifact(run.info.run_id, str(tmp_path / "figure.txt"))


def test_an_experiment_deleted_in_mlflow_is_restored_with_its_runs(
    tmp_path: Path, others_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mlflow.db").write_bytes(others_store.read_bytes())
    store = open_store(tmp_path)
    run = create_run(store, {"a": "b"})
    store.client.delete_experiment(store.experiment)
    capsys.readouterr()
    again = open_store(tmp_path)
    assert again.experiment == store.experiment
    assert [found.info.run_id for found in find_runs(again, "")] == [run.id]
    assert capsys.readouterr().err.count("is restored") == 1
    open_store(tmp_path)
    assert capsys.readouterr().err == ""


FOLDERS = ["my book", "what?", "a%20b", "100 %", "a#b", "[x](y)", "é 本", 'it\'s "q"', "a&b;c", "a@b:c"]


@pytest.mark.parametrize(("old", "new"), [*(("made", folder) for folder in FOLDERS), ("100% a?b#c", "moved")])
def test_a_store_follows_its_project_on_any_path(tmp_path: Path, others_store: Path, old: str, new: str) -> None:
    """The artifacts of runs made before are found at the new place; nothing is made at the old one, or beside."""
    first, root = tmp_path / old, tmp_path / new
    first.mkdir()
    (first / "mlflow.db").write_bytes(others_store.read_bytes())
    run = create_run(open_store(first), {})
    (first / "mlartifacts" / run.id / "artifacts").mkdir(parents=True)
    (first / "mlartifacts" / run.id / "artifacts" / "before.txt").write_text("before")
    (first / "after.txt").write_text("after")
    first.rename(root)
    assert found_in(root).is_moved
    client = open_store(root).client
    assert not found_in(root).is_moved

    client.log_artifact(run.id, str(root / "after.txt"), "figures")
    assert (root / "mlartifacts" / run.id / "artifacts" / "figures" / "after.txt").read_text() == "after"
    assert [file.path for file in client.list_artifacts(run.id)] == ["before.txt", "figures"]
    assert Path(client.download_artifacts(run.id, "before.txt", str(root))).read_text() == "before"
    assert list(tmp_path.iterdir()) == [root]


def found_in(root: Path) -> Store:
    found = find_store(root)
    assert found is not None
    return found


def test_artifacts_that_the_user_put_elsewhere_stay_there(tmp_path: Path, others_store: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(others_store.read_bytes())
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.execute(
            "update experiments set name = 'unroll', artifact_location = 's3://bucket/a' where name like 'of%'"
        )
        database.commit()
    store = open_store(tmp_path)
    assert store.client.get_experiment(store.experiment).artifact_location == "s3://bucket/a"


@pytest.mark.parametrize("name", ["MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"])
def test_a_setting_of_mlflows_that_is_no_number_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv(name, "many")
    with pytest.raises(TrackingError, match=rf"got ValueError: .*'many'.*{name}"):
        open_store(tmp_path)


FOREIGN = {
    "MLFLOW_RUN_ID": "0" * 32,
    "MLFLOW_EXPERIMENT_ID": "77",
    "MLFLOW_EXPERIMENT_NAME": "of another",
    "MLFLOW_REGISTRY_URI": "nowhere://registry",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "true",
    "MLFLOW_TRACKING_USERNAME": "ann",
    "MLFLOW_ARTIFACT_URI": "s3://bucket",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_variables_of_other_programs_change_nothing(store: Store, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, FOREIGN[name])
    again = open_store(Path(store.lock.lock_file).parents[1])
    run = again.client.get_run(create_run(again, {}).id)
    assert run.info.experiment_id == store.experiment
    assert (
        run.info.artifact_uri
        == f"{Path(store.lock.lock_file).parents[1].as_uri()}/mlartifacts/{run.info.run_id}/artifacts"
    )
    assert run.data.metrics == {}
