"""`unroll status` tells what is there, what comes next, and changes nothing."""

import shutil
import sys
from pathlib import Path

import pytest

from pipeline.base.errors import TrackingError
from pipeline.tracking import status, sync, what_to_do
from pipeline.tracking.status import StageStatus

from .conftest import TRAIN, run_in
from .views import client_of, named, set_hidden_size, snapshot

UNROLL = str(Path(sys.executable).with_name("unroll"))


def files_of(project: Path) -> dict[str, bytes]:
    """Every file that MLflow's bookkeeping beside its database and Git's index do not touch when they are read."""
    ignored = ("mlflow.db-wal", "mlflow.db-shm")
    inner = [path for path in project.rglob("*") if path.is_file() and path.name not in ignored]
    return {str(path): path.read_bytes() for path in inner if ".dvc/tmp" not in str(path)}


def by_name(stages: list[StageStatus]) -> dict[str, StageStatus]:
    return {stage.stage: stage for stage in stages}


@pytest.mark.slow
def test_status_before_and_after_a_sync(without_store: Path) -> None:
    project = without_store
    before = files_of(project)
    assert {(stage.out, stage.run, stage.agreement) for stage in status(project)} == {("cached", "none", "no run")}
    assert what_to_do(status(project)) == "Next: run `unroll sync`."
    assert files_of(project) == before  # no store was made

    sync(project)
    stages = status(project)
    assert [stage.stage for stage in stages] == ["corpus", "report", "train@gru-1", "train@gru-2"]
    assert {(stage.out, stage.agreement) for stage in stages} == {("cached", "agrees")}
    assert {stage.run.split()[1] for stage in stages} == {"FINISHED"}
    assert what_to_do(stages) == "All 4 stages agree with their runs."


@pytest.mark.slow
def test_status_names_what_is_changed_missing_not_run_or_differs(project: Path) -> None:
    sync(project)
    (project / "reports" / "corpus.json").write_text("{}")
    shutil.rmtree(project / "out" / "train" / "gru-1")
    (run,) = named(project, "train gru-2")
    client_of(project).log_metric(run.info.run_id, "train/grad_norm", 0.02, step=50)  # equal, but a second point
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("seeds: [1, 2]", "seeds: [1, 2, 3]"))
    before = snapshot(project)
    found = by_name(status(project))
    assert found["report"].out == "changed"
    assert found["train@gru-1"].out == "missing"
    assert found["train@gru-2"].agreement == "differs: history"
    assert found["train@gru-3"].out == "not run"
    assert found["corpus"].agreement == "agrees"
    assert what_to_do(list(found.values())) == "Next: run `dvc repro`."
    assert snapshot(project) == before


@pytest.mark.slow
def test_a_killed_training_waits_to_go_on(project: Path) -> None:
    sync(project)
    set_hidden_size(project, 3, 7)
    run_in(project, "dvc", "repro", "-q", "-s", TRAIN, code=None, TROUBLE="kill")
    (killed,) = [run for run in named(project, "train gru-1") if run.data.params["hidden_size"] == "7"]
    place = project / ".work" / "resume" / f"{killed.data.tags['dvc.stage_key']}.0"
    place.mkdir(parents=True)
    (place / "state-00000030.pt").write_bytes(b"")
    found = by_name(status(project))["train@gru-1"]
    assert (found.out, found.run) == ("killed", f"{killed.info.run_id[:8]} RUNNING")
    assert "goes on where the training was killed" in what_to_do([found])


@pytest.mark.faults
def test_the_command_ends_with_1_unless_all_agree(project: Path) -> None:
    done = run_in(project, UNROLL, "status", code=1, COLUMNS="100")
    assert done.stdout.splitlines()[-1] == "Next: run `unroll sync`."
    run_in(project, UNROLL, "sync")
    done = run_in(project, UNROLL, "status", code=0, COLUMNS="100")
    assert done.stdout.splitlines()[-1] == "All 4 stages agree with their runs."
    assert "train@gru-1" in done.stdout


DAMAGED = {
    "empty": b"",
    "no UTF-8": b"\x00\xff",
    "in conflict": b"<<<<<<< HEAD\nschema: '2.0'\n=======\nschema: '2.0'\n>>>>>>> other\n",
    "of schema 1": b"corpus:\n  cmd: x\n  deps:\n  - {path: data, md5: a}\n",
    "cut": b"schema: '2.0'\nstages:\n  corpus:\n    cmd: x\n    deps:\n    - pa",
}


@pytest.mark.slow
@pytest.mark.parametrize(("lock", "damage"), [*(("dvc.lock", damage) for damage in DAMAGED), ("tasks/dvc.lock", "cut")])
def test_a_damaged_dvc_lock_is_one_sentence(without_store: Path, lock: str, damage: str) -> None:
    (without_store / lock).write_bytes(DAMAGED[damage])
    for command in (status, sync):
        with pytest.raises(TrackingError, match=rf"DVC must read the pipeline.*{lock}.*git checkout FILE") as caught:
            command(without_store)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_store_whose_project_was_moved_says_so_until_the_next_sync(project: Path) -> None:
    sync(project)
    moved = project.rename(project.with_name("moved"))
    assert {stage.agreement for stage in status(moved)} == {"moved"}
    assert what_to_do(status(moved)).startswith("Next: run `unroll sync`: the project was moved")
    sync(moved)
    assert {stage.agreement for stage in status(moved)} == {"agrees"}
    shutil.rmtree(moved / "mlartifacts")
    assert by_name(status(moved))["train@gru-1"].agreement == "differs: artifacts"
    assert not project.exists()
