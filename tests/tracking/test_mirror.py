"""MLflow through a real DVC project: skipped, restored, rebuilt, killed and failed stages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.base.errors import TrackingError
from pipeline.tracking import sync

from .conftest import ENV, LOCKS, TRAIN, run_in
from .views import client_of, content, history, named, runs_of, set_hidden_size, snapshot

pytestmark = pytest.mark.slow

EXPECTED = ["corpus", "report", "train gru-1", "train gru-2"]


def test_a_rebuilt_store_equals_the_one_that_was_written_live(reproduced: Path, without_store: Path) -> None:
    project = without_store
    assert not (project / "mlflow.db").exists()
    report = sync(project)
    assert sorted(report.created) == EXPECTED
    live, rebuilt = content(reproduced), content(project)
    assert rebuilt == live
    assert sorted(rebuilt) == sorted([*EXPECTED, report.parent])
    assert {run["status"] for run in rebuilt.values()} == {"FINISHED"}
    assert {rebuilt[name]["parent"] for name in EXPECTED} == {report.parent}
    assert rebuilt["train gru-2"]["params"]["learning_rate"] == "1e-05"
    assert ("train/grad_norm", 50, 0.02) in rebuilt["train gru-2"]["history"]
    assert rebuilt["train gru-2"]["artifacts"] == ["figures", "figures/curve.txt"]
    (data,) = rebuilt["train gru-2"]["inputs"]
    assert data[0] == "out/corpus"
    assert data[1].endswith(".dir")

    (trained,) = named(reproduced, "train gru-1")
    assert len([point for point in history(reproduced, trained) if point[0] == "time/elapsed"]) == 5
    (again,) = named(project, "train gru-1")
    assert "time/elapsed" not in again.data.metrics


def test_a_second_sync_changes_nothing(project: Path) -> None:
    first = sync(project)
    before = snapshot(project)
    second = sync(project)
    assert snapshot(project) == before
    assert (second.created, second.killed, second.missing) == ([], [], [])
    assert sorted(second.linked) == EXPECTED
    assert second.parent == first.parent
    assert "4 there already: corpus, report, train gru-1, train gru-2" in str(second)


def test_params_there_and_back_find_their_runs_and_their_parent(project: Path) -> None:
    first = sync(project)
    (corpus,) = named(project, "corpus")
    set_hidden_size(project, 3, 5)
    run_in(project, "dvc", "repro", "-q", TRAIN)
    assert len(named(project, "train gru-1")) == 2  # live, and no run of what dvc.lock held before is lost
    other = sync(project)
    assert other.created == []
    assert other.parent != first.parent
    (moved,) = named(project, "corpus")
    (parent,) = named(project, other.parent)
    assert moved.info.run_id == corpus.info.run_id
    assert moved.data.tags["mlflow.parentRunId"] == parent.info.run_id

    set_hidden_size(project, 5, 3)
    assert "is cached" in run_in(project, "dvc", "repro", TRAIN).stdout
    back = sync(project)
    assert (back.created, back.parent) == ([], first.parent)
    assert len(named(project, first.parent)) == 1
    kept = {run.data.tags["mlflow.parentRunId"] for run in runs_of(project) if "mlflow.parentRunId" in run.data.tags}
    assert kept == {parent.info.run_id, named(project, first.parent)[0].info.run_id}


def test_a_killed_training_goes_on_in_its_own_run(project: Path) -> None:
    set_hidden_size(project, 3, 7)
    run_in(project, "dvc", "repro", "-q", "-s", TRAIN, code=None, TROUBLE="kill")
    (killed,) = named(project, "train gru-1")
    assert killed.info.status == "RUNNING"
    assert [point[1] for point in history(project, killed) if point[0] == "train/grad_norm"] == [10, 20, 30]
    assert sync(project).killed == ["train gru-1"]
    assert client_of(project).get_run(killed.info.run_id).info.status == "KILLED"

    run_in(project, "dvc", "repro", "-q", "-s", TRAIN)
    (finished,) = [run for run in named(project, "train gru-1") if run.data.params["hidden_size"] == "7"]
    assert (finished.info.run_id, finished.info.status) == (killed.info.run_id, "FINISHED")
    points = [point for point in history(project, finished) if not point[0].startswith("time/")]
    norms = [("train/grad_norm", step, 1 / step) for step in (10, 20, 30, 40, 50)]
    nats = [("train/nats_per_token", step, 1 + 7 / step) for step in (10, 20, 30, 40, 50)]
    final = [("test/nats_per_token", 0, 1.5), ("train/nats_per_token", 51, 0.25)]
    assert points == sorted([*norms, *nats, *final])
    assert sync(project).created == []


@pytest.mark.parametrize(
    ("trouble", "status", "error"),
    [("error", "FAILED", "ValueError('the loss is not finite')"), ("interrupt", "KILLED", "KeyboardInterrupt()")],
)
def test_a_training_that_ends_badly_says_why(project: Path, trouble: str, status: str, error: str) -> None:
    set_hidden_size(project, 3, 7)
    run_in(project, "dvc", "repro", "-q", "-s", TRAIN, code=None, TROUBLE=trouble)
    (run,) = named(project, "train gru-1")
    assert run.info.status == status
    assert run.data.tags["error"] == run.data.tags["mlflow.note.content"] == error
    assert ("train/grad_norm", 30, 1 / 30) in history(project, run)


def test_a_short_stage_that_fails_leaves_a_run(project: Path) -> None:
    (project / "data" / "a.txt").write_text("")
    run_in(project, "dvc", "repro", "-q", "corpus", code=None, TROUBLE="short")
    (run,) = runs_of(project)
    assert (run.info.run_name, run.info.status) == ("corpus", "FAILED")
    assert run.data.tags["error"] == "corpus: the text must not be empty"


def test_a_failure_is_not_hidden_by_a_store_that_does_not_answer(project: Path) -> None:
    (project / "data" / "a.txt").write_text("")
    (project / "mlflow.db").write_text("not a database, and long enough to be read as the head of one " * 9)
    done = run_in(project, "dvc", "repro", "corpus", code=None, TROUBLE="short")
    assert "exited with 2" in done.stderr
    assert done.stderr.count("MLflow does not show this failure") == 1
    assert "Traceback" not in done.stderr


def test_work_that_has_its_run_is_not_logged_again(project: Path) -> None:
    sync(project)
    before = snapshot(project)
    done = run_in(project, "dvc", "repro", "-s", "-f", TRAIN)
    assert "MLflow has the finished run of train@gru-1 already" in done.stderr
    assert snapshot(project) == before


def test_outs_that_are_neither_here_nor_in_the_cache_are_named(project: Path) -> None:
    shutil.rmtree(project / "out" / "train" / "gru-1")
    (project / "reports" / "corpus.json").write_text("{}")
    cache = (project / ".dvc" / "cache").rename(project / "elsewhere")
    report = sync(project)
    assert sorted(report.missing) == ["report", "train gru-1"]
    assert sorted(report.created) == ["corpus", "train gru-2"]
    assert "2 without a run, for DVC's cache lacks what they made" in str(report)
    cache.rename(project / ".dvc" / "cache")
    again = sync(project)
    assert (sorted(again.created), again.missing, again.parent) == (["report", "train gru-1"], [], report.parent)
    assert (project / "reports" / "corpus.json").read_text() == "{}"


def test_before_the_first_stage_there_is_nothing_to_sync(project: Path) -> None:
    for lock in LOCKS:
        (project / lock).unlink()
    report = sync(project)
    assert "dvc.lock holds no stage yet" in str(report)
    assert runs_of(project) == []


def test_a_dvc_yaml_that_dvc_cannot_read_is_named(project: Path) -> None:
    (project / "dvc.yaml").write_text("stages: [")
    with pytest.raises(TrackingError, match="DVC must read the pipeline"):
        sync(project)


def test_two_processes_may_be_the_first_at_once_and_making_the_store_says_nothing(without_store: Path) -> None:
    project, pipe = without_store, subprocess.PIPE
    command = [sys.executable, "-c", "from pathlib import Path; from pipeline.tracking import sync; sync(Path('.'))"]
    both = [subprocess.Popen(command, cwd=project, env=ENV, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert said == [("", ""), ("", "")]
    assert [process.returncode for process in both] == [0, 0]
    assert len(runs_of(project)) == 5
