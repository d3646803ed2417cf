"""The curve of a training on its way to its run: batches, other values, and a store that stops answering."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from pipeline.base.artifacts import Record, Row
from pipeline.tracking import live_process
from pipeline.tracking.live_process import Curve
from pipeline.tracking.messages import Begin
from pipeline.tracking.runs import Point, Run, create_run, find_runs, open_run, tags_of
from pipeline.tracking.store import Store
from pipeline.tracking.work import Work

pytestmark = pytest.mark.slow  # MLflow and its store take seconds, in each test process


class AtOnce(Executor):
    """Does in the caller's thread what a training's other thread does, so that a test knows when it was done."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def buffer_of(store: Store, name: str, logged: Run | None = None) -> tuple[Curve, Work]:
    """A curve before a new run, or before one that goes on; opened again it finds what it left."""
    work = Work("train@char-gru-1", f"python -m stages.train {name}", {}, {})
    first = [logged or create_run(store, tags_of(work))]
    again = lambda begin: first.pop() if first else open_run(store, begin.work, begin.params, begin.tags)  # noqa: E731
    return Curve(Begin(work, {}, {}, store.process), again, AtOnce()), work


def mlflow_client(store: Store) -> Any:
    """The client below the one that makes its errors ours."""
    return cast("Any", store.client).client


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
    monkeypatch.setattr(live_process, "FLUSH_SECONDS", float("inf"))


@pytest.mark.usefixtures("no_flush_by_time")
def test_points_wait_until_there_are_enough(store: Store) -> None:
    buffer, work = buffer_of(store, "wait")
    buffer.log([Row(step, {"nats": 1.0, "norm": 2.0}) for step in range(249)])
    assert curves(store, work) == {"RUNNING": {}}
    buffer.log([Row(249, {"nats": 1.0, "norm": 2.0})])
    assert len(curves(store, work)["RUNNING"]) == 500


def test_points_do_not_wait_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer, work = buffer_of(store, "long")
    now = live_process.time.monotonic()
    monkeypatch.setattr(live_process.time, "monotonic", lambda: now + 2.1)
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
    monkeypatch.setattr(live_process, "FLUSH_POINTS", 1)
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
    from mlflow.exceptions import MlflowException

    calls: list[str] = []

    def refuse(run_id: str, **batch: object) -> None:
        calls.append(run_id)
        raise MlflowException("the server went away")

    monkeypatch.setattr(mlflow_client(store), "log_batch", refuse)
    many = {f"k{i}": 1.0 for i in range(500)}
    buffer.log([Row(1, many)])
    buffer.log([Row(2, many)])
    buffer.finish(Record({}, {}, {}, [Row(1, many), Row(2, many)]), tmp_path)
    assert len(calls) == 1
    said = capsys.readouterr().err
    assert said.count("the MLflow store must answer (got MlflowException: the server went away)") == 1
    assert "unroll sync" in said
    monkeypatch.undo()
    assert curves(store, work) == {"RUNNING": {}}


def test_what_mlflow_calls_invalid_stops_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A server of another version may refuse what ours takes."""
    buffer, _ = buffer_of(store, "invalid")
    for start in (0, 500):
        buffer.log([Row(step, {"bits@char": 1.0}) for step in range(start, start + 500)])
    assert "bits@char" in capsys.readouterr().err


def test_an_error_of_our_own_is_no_trouble_of_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer, _ = buffer_of(store, "bug")
    monkeypatch.setattr(Run, "log", lambda run, points: {}["bug"])
    many = {f"k{i}": 1.0 for i in range(500)}
    buffer.log([Row(1, many)])
    with pytest.raises(KeyError, match="bug"):
        buffer.log([Row(2, many)])


@pytest.mark.usefixtures("no_flush_by_time")
def test_a_store_that_is_back_gets_the_whole_curve_and_no_point_twice(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.exceptions import MlflowException

    monkeypatch.setattr(live_process, "FLUSH_POINTS", 1)
    now = live_process.time.monotonic()
    monkeypatch.setattr(live_process.time, "monotonic", lambda: now)
    buffer, work = buffer_of(store, "back")
    send = mlflow_client(store).log_batch
    tries: list[str] = []

    def send_and_lose_the_answer(run_id: str, **batch: Any) -> None:
        tries.append(run_id)
        send(run_id, **batch)
        raise MlflowException("the answer was lost")

    history = [Row(step, {"nats": 1.0 / step}) for step in (1, 2, 3, 4)]
    buffer.log(history[:1])
    monkeypatch.setattr(mlflow_client(store), "log_batch", send_and_lose_the_answer)
    buffer.log(history[1:2])
    now += live_process.RETRY_SECONDS - 1
    buffer.log(history[2:3])
    assert len(tries) == 1  # left alone until a minute has gone
    monkeypatch.setattr(mlflow_client(store), "log_batch", send)
    now += 1
    buffer.log(history[3:])
    assert curves(store, work) == {"RUNNING": {("nats", step): 1.0 / step for step in (1, 2, 3, 4)}}
    buffer.finish(Record({}, {}, {}, history), tmp_path)
    (run,) = find_runs(store, f"tags.`dvc.stage_key` = '{work.key}'")
    points = store.client.get_metric_history(run.info.run_id, "nats")
    assert sorted((point.step, point.value) for point in points) == [(step, 1.0 / step) for step in (1, 2, 3, 4)]
    assert capsys.readouterr().err.count("goes on without it") == 1


def test_a_training_never_waits_for_a_store_before_its_end(store: Store, tmp_path: Path) -> None:
    work = Work("train@char-gru-1", "python -m stages.train waits", {}, {})
    answers = threading.Event()

    def open_slowly(begin: Begin) -> Run:
        assert answers.wait(60)
        return create_run(store, tags_of(begin.work))

    with ThreadPoolExecutor(1) as thread:
        curve = Curve(Begin(work, {}, {}, store.process), open_slowly, thread)
        history = [Row(step, {"nats": 1.0}) for step in range(1000)]
        for row in history:
            curve.log([row])  # would never return if it waited, for only then does the store answer
        answers.set()
        curve.finish(Record({}, {}, {}, history), tmp_path)
    assert len(curves(store, work)["FINISHED"]) == 1000


def test_the_same_work_done_twice_at_once_has_one_finished_run(store: Store, tmp_path: Path) -> None:
    one, work = buffer_of(store, "twice")
    other, _ = buffer_of(store, "twice")
    history = [Row(1, {"nats": 2.0})]
    for curve in (one, other):
        curve.log(history)
    for curve in (one, other):
        curve.finish(Record({}, {}, {}, history), tmp_path)
    runs = find_runs(store, f"tags.`dvc.stage_key` = '{work.key}'")
    assert sorted(run.info.status for run in runs) == ["FINISHED", "KILLED"]


def test_nothing_is_added_to_a_finished_run(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened once, it has no run to write to: whatever the training says, no request follows."""
    monkeypatch.setattr(live_process, "FLUSH_SECONDS", 0.0)
    opened: list[Begin] = []
    begin = Begin(Work("train@char-gru-1", "python -m stages.train had", {}, {}), {}, {}, store.process)
    curve = Curve(begin, opened.append, AtOnce())  # append returns None
    curve.log([Row(step, {"nats": 1.0}) for step in range(1000)])
    curve.finish(Record({}, {}, {}, [Row(1, {"nats": 1.0})]), tmp_path)
    assert opened == [begin]
    assert curves(store, begin.work) == {}
