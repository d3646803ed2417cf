"""The run of a stage while it runs: batches, other values, and a store that stops answering."""

from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from pipeline.artifacts import Record, Row
from pipeline.tracking import live
from pipeline.tracking.live import _Buffer
from pipeline.tracking.runs import Point, Run, create_run, find_runs, tags_of
from pipeline.tracking.store import Store
from pipeline.tracking.work import Work


def buffer_of(store: Store, name: str, logged: Run | None = None) -> tuple[_Buffer, Work]:
    """A buffer before a new run, or before one that goes on."""
    work = Work("train@char-gru-1", f"python -m stages.train {name}", {}, {})
    return _Buffer(logged or create_run(store, tags_of(work)), lambda: create_run(store, tags_of(work)), work), work


def curves(store: Store, work: Work) -> dict[str, dict[tuple[str, int], float]]:
    """Status -> points of the runs of this work."""
    return {
        run.info.status: {
            (point.key, point.step): point.value
            for key in run.data.metrics
            for point in store.client.get_metric_history(run.info.run_id, key)
        }
        for run in find_runs(store, f"tags.`dvc.stage_key` = '{work.key}'")
    }


@pytest.fixture
def no_flush_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FLUSH_SECONDS", float("inf"))


@pytest.mark.usefixtures("no_flush_by_time")
def test_points_wait_until_there_are_enough(store: Store) -> None:
    buffer, work = buffer_of(store, "wait")
    buffer.log([Row(step, {"nats": 1.0, "norm": 2.0}) for step in range(249)])
    assert curves(store, work) == {"RUNNING": {}}
    buffer.log([Row(249, {"nats": 1.0, "norm": 2.0})])
    assert len(curves(store, work)["RUNNING"]) == 500


def test_points_do_not_wait_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer, work = buffer_of(store, "long")
    now = live.time.monotonic()
    monkeypatch.setattr(live.time, "monotonic", lambda: now + 2.1)
    buffer.log([Row(0, {"nats": 1.0})])
    assert curves(store, work) == {"RUNNING": {("nats", 0): 1.0}}


def test_finishing_completes_from_the_record_and_keeps_the_clock(store: Store, tmp_path: Path) -> None:
    buffer, work = buffer_of(store, "finishing")
    buffer.log([Row(1, {"nats": 2.0}), Row(1, {"time/elapsed": 0.5})])
    history = [Row(1, {"nats": 2.0}), Row(2, {"nats": 1.0})]
    buffer.finish(Record({}, {}, {"size": 3.0}, history), tmp_path)
    assert curves(store, work) == {
        "FINISHED": {("nats", 1): 2.0, ("nats", 2): 1.0, ("size", 0): 3.0, ("time/elapsed", 1): 0.5}
    }


def test_a_later_try_with_other_values_gets_a_run_of_its_own(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FLUSH_POINTS", 1)
    _, work = buffer_of(store, "later")
    (left,) = find_runs(store, f"tags.`dvc.stage_key` = '{work.key}'")
    earlier = Run(store, left.info.run_id)
    earlier.log([Point("nats", 1, 2.0), Point("nats", 2, 7.0)])
    buffer, _ = buffer_of(store, "later", earlier)
    history = [Row(1, {"nats": 2.0}), Row(2, {"nats": 1.0})]
    buffer.log(history[:1])
    buffer.log(history[1:])
    assert curves(store, work)["RUNNING"] == {("nats", 1): 2.0, ("nats", 2): 1.0}
    buffer.finish(Record({}, {}, {}, history), tmp_path)
    assert curves(store, work) == {
        "KILLED": {("nats", 1): 2.0, ("nats", 2): 7.0},
        "FINISHED": {("nats", 1): 2.0, ("nats", 2): 1.0},
    }


def test_what_the_record_lacks_does_not_stay(store: Store, tmp_path: Path) -> None:
    buffer, work = buffer_of(store, "lacks")
    buffer.log([Row(1, {"nats": 2.0, "extra": 9.0}), Row(1, {"time/elapsed": 0.5})])
    buffer.finish(Record({}, {}, {}, [Row(1, {"nats": 2.0})]), tmp_path)
    assert curves(store, work)["FINISHED"] == {("nats", 1): 2.0, ("time/elapsed", 1): 0.5}


@pytest.mark.usefixtures("no_flush_by_time")
def test_a_store_that_stops_answering_is_named_once_and_holds_nothing_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer, work = buffer_of(store, "stops")
    calls: list[str] = []

    def refuse(run_id: str, **batch: object) -> None:
        calls.append(run_id)
        raise MlflowException("the server went away")

    monkeypatch.setattr(store.client, "log_batch", refuse)
    many = {f"k{i}": 1.0 for i in range(500)}
    buffer.log([Row(1, many)])
    buffer.log([Row(2, many)])
    buffer.finish(Record({}, {}, {}, [Row(1, many), Row(2, many)]), tmp_path)
    assert len(calls) == 1
    said = capsys.readouterr().err
    assert said.count("the MLflow store must answer (got the server went away)") == 1
    assert "unroll sync" in said
    monkeypatch.undo()
    assert curves(store, work) == {"RUNNING": {}}


def test_what_mlflow_calls_invalid_is_our_bug(store: Store) -> None:
    buffer, _ = buffer_of(store, "invalid")
    with pytest.raises(MlflowException, match="bits@char"):
        buffer.log([Row(step, {"bits@char": 1.0}) for step in range(500)])
