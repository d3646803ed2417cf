"""A run filled from a record holds exactly the record, in pieces that MLflow takes."""

from pathlib import Path

import pytest

from pipeline.base.artifacts import Record, Row
from pipeline.base.errors import ArtifactError
from pipeline.figures import PALETTE
from pipeline.tracking.process import this_process
from pipeline.tracking.runs import (
    Run,
    create_run,
    find_runs,
    finished_run,
    kill_dead_runs,
    new_run,
    points_of,
    reopen_run,
    tags_of,
)
from pipeline.tracking.store import Store
from pipeline.tracking.work import Work

pytestmark = pytest.mark.slow  # MLflow and its store take seconds, in each test process

DEPS = {"out/corpus": "a" * 32 + ".dir", "stages/train.py": "b" * 32}


def work_of(name: str) -> Work:
    """Work of a key of its own."""
    return Work("train@char-gru-1", f"python -m stages.train {name}", DEPS, {})


def started(store: Store, work: Work) -> Run:
    return create_run(store, tags_of(work))


def history_of(run: Run) -> dict[tuple[str, int], float]:
    """What the store itself says, (key, step) -> value; a point that stands twice fails."""
    client = run.store.client
    keys = client.get_run(run.id).data.metrics
    points = [point for key in keys for point in client.get_metric_history(run.id, key)]
    found = {(point.key, point.step): point.value for point in points}
    assert len(found) == len(points)
    return found


def test_a_run_holds_its_record(store: Store, tmp_path: Path) -> None:
    work = work_of("holds")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "curve.txt").write_text("curve")
    (tmp_path / "samples.txt").write_text("samples")
    params = {"hidden_size": 3, "embedding_size": None, "prompt": "", "tied": False}
    rows = [Row(1, {"train/nats": 2.5, "train/norm": 0.1}), Row(7, {"train/nats": 1.5})]
    record = Record(
        params, {"level": "char", "seed": "1"}, {"test/nats": 0.1}, rows, ["figures/curve.txt", "samples.txt"]
    )
    run = create_run(store, {**record.tags, **tags_of(work)})
    run.complete(record, work, tmp_path)

    found = finished_run(store, work.key)
    assert found is not None
    assert found.data.params == {"hidden_size": "3", "embedding_size": "None", "prompt": "", "tied": "False"}
    assert history_of(run) == {
        ("train/nats", 1): 2.5,
        ("train/nats", 7): 1.5,
        ("train/norm", 1): 0.1,
        ("test/nats", 0): 0.1,
    }
    tags = {"dvc.stage_key": work.key, "dvc.stage": "train@char-gru-1", "level": "char", "seed": "1"}
    assert tags.items() <= found.data.tags.items()
    assert found.info.run_name == "train char-gru-1"
    assert found.inputs is not None
    (data,) = found.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("out/corpus", "a" * 32 + ".dir")
    assert [(tag.key, tag.value) for tag in data.tags] == [("mlflow.data.context", "train")]
    artifacts = store.client.list_artifacts(run.id, "figures") + store.client.list_artifacts(run.id)
    assert sorted(a.path for a in artifacts if not a.is_dir) == ["figures/curve.txt", "samples.txt"]


def test_more_than_one_request_holds(store: Store, tmp_path: Path) -> None:
    work = work_of("more")
    params = {f"p{i}": i for i in range(103)}
    history = [Row(step, {"norm": 1.0 / step}) for step in range(1, 1204)]
    run = started(store, work)
    run.complete(Record(params, {}, {}, history), work, tmp_path)
    assert history_of(run) == {("norm", step): 1.0 / step for step in range(1, 1204)}
    assert len(store.client.get_run(run.id).data.params) == 103


def test_the_table_shows_the_final_value_where_the_history_ends_in_another(store: Store, tmp_path: Path) -> None:
    work = work_of("final")
    history = [Row(5, {"validation/nats": 2.0}), Row(9, {"validation/nats": 3.0, "train/nats": 1.0})]
    run = started(store, work)
    run.complete(Record({}, {}, {"validation/nats": 2.0, "train/nats": 1.0}, history), work, tmp_path)
    assert store.client.get_run(run.id).data.metrics == {"validation/nats": 2.0, "train/nats": 1.0}
    assert history_of(run)[("validation/nats", 10)] == 2.0
    assert ("train/nats", 10) not in history_of(run)


def test_a_point_is_sent_once(store: Store) -> None:
    run = started(store, work_of("once"))
    rows = [Row(1, {"nats": 2.0}), Row(2, {"nats": 1.0})]
    run.log(points_of(rows))
    run.log(points_of([*rows, Row(3, {"nats": 0.5})]))
    assert history_of(run) == {("nats", 1): 2.0, ("nats", 2): 1.0, ("nats", 3): 0.5}


def test_a_reopened_run_goes_on_where_it_stopped(store: Store) -> None:
    work = work_of("reopened")
    first = started(store, work)
    first.log(points_of([Row(1, {"nats": 0.1}), Row(2, {"nats": 1.0})]))
    first.end("FAILED", "out of memory")
    (left,) = find_runs(store, f"tags.`dvc.stage_key` = '{work.key}'")
    assert left.data.tags["error"] == "out of memory"

    run = reopen_run(store, left)
    run.log(points_of([Row(2, {"nats": 1.0}), Row(3, {"nats": 0.5})]))
    assert run.id == first.id
    assert history_of(run) == {("nats", 1): 0.1, ("nats", 2): 1.0, ("nats", 3): 0.5}
    found = store.client.get_run(run.id)
    assert found.info.status == "RUNNING"
    assert not {"error", "mlflow.note.content"} & set(found.data.tags)


def test_contradicting_and_exceeding_points_are_seen(store: Store) -> None:
    run = Run(store, "id", {("nats", 1): 2.0, ("time/step", 1): 0.3})
    assert not run.contradicts(points_of([Row(1, {"nats": 2.0, "time/step": 0.4}), Row(2, {"nats": 9.0})]))
    assert run.contradicts(points_of([Row(1, {"nats": 2.5})]))
    assert not run.exceeds(points_of([Row(1, {"nats": 2.0}), Row(2, {"nats": 9.0})]))
    assert run.exceeds(points_of([Row(2, {"nats": 9.0})]))


def test_an_artifact_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    work = work_of("artifact")
    with pytest.raises(ArtifactError, match=r"curve.png: the file is needed, whole.* \(got no such file\)"):
        started(store, work).complete(Record({}, {}, {}, [], ["curve.png"]), work, tmp_path)
    assert finished_run(store, work.key) is None


def test_runs_of_dead_processes_are_killed_and_no_others(store: Store) -> None:
    alive, dead, elsewhere = (started(store, work_of(name)) for name in ("alive", "dead", "elsewhere"))
    host, pid, start = this_process().rsplit(" ", 2)
    store.client.set_tag(dead.id, "process", f"{host} {pid} {int(start) - 60}")
    store.client.set_tag(elsewhere.id, "process", f"another-{host} {pid} {start}")
    assert kill_dead_runs(store) == ["train char-gru-1"]
    assert [store.client.get_run(run.id).info.status for run in (alive, dead, elsewhere)] == [
        "RUNNING",
        "KILLED",
        "RUNNING",
    ]
    assert kill_dead_runs(store) == []


def test_a_model_has_one_colour_in_all_its_runs_and_no_other_has_it_while_there_are_more(store: Store) -> None:
    def new(name: str, tags: dict[str, str]) -> str:
        return new_run(store, work_of(f"coloured {name}"), {}, tags).id

    def colour(run: str) -> str | None:
        return store.client.get_run(run).data.tags.get("mlflow.runColor")

    assert colour(new("corpus", {})) is None
    runs = [new(f"{n}", {"model": f"m{n}"}) for n in range(len(PALETTE) + 1)]
    assert [colour(run) for run in runs] == [*PALETTE, PALETTE[0]]
    assert colour(new("again", {"model": "m1"})) == PALETTE[1]
    store.client.set_tag(runs[2], "mlflow.runColor", "#123456")  # as in MLflow's page, where a user picks another
    assert colour(new("picked", {"model": "m2"})) == "#123456"
