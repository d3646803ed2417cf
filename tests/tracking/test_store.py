"""The store is made once, quietly, and a store that does not answer is a user's error."""

import sqlite3
from pathlib import Path

import pytest

from pipeline.base.errors import TrackingError
from pipeline.tracking.store import Store, open_store

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
    with pytest.raises(TrackingError, match=r"mlflow.db: the MLflow store must answer \(got file is not a database"):
        open_store(tmp_path)
