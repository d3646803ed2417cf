"""After whatever DVC did: one finished run for each key that a workspace or an experiment names, equal to its record.

The keys and the records are read here from Git and from DVC's cache by hand.
"""

import hashlib
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.tracking import sync

from .conftest import ENV, LOCKS, TRAIN, copy_of, run_in
from .views import client_of, history, named, runs_of, set_hidden_size, snapshot

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b")


def commit(project: Path) -> None:
    run_in(project, "git", "add", ".")
    run_in(project, *GIT, "commit", "-q", "-m", "begin")


def locks(project: Path) -> list[str]:
    """Every dvc.lock of the workspace, and of each experiment."""
    refs = run_in(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps").stdout.split()
    names = [ref for ref in refs if len(ref.split("/")) == 5 and ref.split("/")[2] not in ("celery", "exec")]
    return [
        *((project / lock).read_text() for lock in LOCKS),
        *(run_in(project, "git", "show", f"{ref}:{lock}").stdout for ref in names for lock in LOCKS),
    ]


def expected_runs(project: Path) -> dict[str, dict[str, Any]]:
    """Stage key -> the files of the record, out of DVC's cache."""
    cache = project / ".dvc" / "cache" / "files" / "md5"
    found = {}
    for lock in locks(project):
        for entry in YAML(typ="safe").load(lock)["stages"].values():
            deps = [{"path": dep["path"], "md5": dep["md5"]} for dep in entry.get("deps", [])]
            work = {"cmd": entry["cmd"], "deps": sorted(deps, key=lambda dep: dep["path"])}
            work["params"] = entry.get("params", {})
            text = json.dumps(work, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            md5 = entry["outs"][0]["md5"]
            files = json.loads((cache / md5[:2] / md5[2:]).read_text())
            found[hashlib.sha256(text.encode()).hexdigest()] = {
                file["relpath"].removeprefix("record/"): (cache / file["md5"][:2] / file["md5"][2:]).read_text()
                for file in files
                if file["relpath"].startswith("record/")
            }
    return found


def assert_mirrors(project: Path) -> None:
    """One finished run for each key, with the params, the metrics and the points of the record, none twice."""
    for key, record in expected_runs(project).items():
        runs = [run for run in runs_of(project) if run.data.tags.get("dvc.stage_key") == key]
        (run,) = [run for run in runs if run.info.status == "FINISHED"]
        about = json.loads(record["record.json"])
        assert run.data.params == {name: str(value) for name, value in about["params"].items()}
        rows = [json.loads(line) for line in record["history.jsonl"].splitlines()]
        points = {(name, row["step"]): value for row in rows for name, value in row["metrics"].items()}
        stored = [point for point in history(project, run) if not point[0].startswith("time/")]
        assert len({point[:2] for point in stored}) == len(stored)
        assert points.items() <= {point[:2]: point[2] for point in stored}.items()
        shown = {name: value for name, value in run.data.metrics.items() if not name.startswith("time/")}
        assert about["metrics"].items() <= shown.items()
        finals = {point for point in stored if point[:2] not in points}
        assert {point[0] for point in finals} <= set(about["metrics"])


def assert_synced(project: Path, *created: str) -> None:
    """A sync builds these runs, all is mirrored, and a second sync changes nothing."""
    report = sync(project)
    assert sorted(report.created) == sorted(created)
    assert report.missing == []
    assert_mirrors(project)
    before = snapshot(project)
    again = sync(project)
    assert snapshot(project) == before
    assert (again.created, again.killed, again.missing, again.experiments) == ([], [], [], [])


@pytest.mark.faults
def test_after_everything_was_cached(project: Path) -> None:
    sync(project)
    assert "train" not in run_in(project, "dvc", "repro").stderr
    assert_synced(project)


@pytest.mark.faults
def test_after_a_stage_was_restored_from_the_run_cache(project: Path) -> None:
    for lock in LOCKS:
        (project / lock).unlink()
    shutil.rmtree(project / "out" / "train")
    done = run_in(project, "dvc", "repro", "-s", TRAIN, "corpus")
    assert "is cached" in done.stdout
    assert_synced(project, "corpus", "train gru-1")


@pytest.mark.faults
def test_after_params_went_there_and_back(project: Path) -> None:
    for old, new in ((3, 5), (5, 3)):
        set_hidden_size(project, old, new)
        run_in(project, "dvc", "repro", "-q")
    assert_synced(project, "train gru-1")  # the first that ran anew: what ran before it was in the empty store first


@pytest.mark.slow
def test_after_a_pull_into_a_fresh_clone(project: Path, tmp_path: Path) -> None:
    run_in(project, "dvc", "remote", "add", "-q", "-d", "folder", str(tmp_path / "remote"))
    commit(project)
    run_in(project, "dvc", "push", "-q")
    run_in(tmp_path, "git", "clone", "-q", str(project), "clone")
    clone = tmp_path / "clone"
    assert len(sync(clone).missing) == 4
    run_in(clone, "dvc", "pull", "-q")
    assert_synced(clone, "corpus", "report", "train gru-1", "train gru-2")


@pytest.mark.faults
def test_after_an_experiment_in_a_temporary_copy(project: Path) -> None:
    commit(project)
    run_in(project, "dvc", "exp", "run", "-q", "--temp", "-n", "wide", "-S", "models.gru.hidden_size=5")
    run_in(project, "git", "pack-refs", "--all")
    report = sync(project)
    assert (report.missing, len(report.experiments)) == ([], 1)
    assert_synced(project)
    (trained,) = [run for run in named(project, "train gru-1") if run.data.params["hidden_size"] == "5"]
    assert [a.path for a in client_of(project).list_artifacts(trained.info.run_id, "figures")] == ["figures/curve.txt"]
    assert {run.info.artifact_uri.startswith((project / "mlartifacts").as_uri()) for run in runs_of(project)} == {True}

    project = copy_of(project, project.parent / "again")  # without the store
    # the workspace holds other outs by now: what the experiment made is in DVC's cache alone
    of_workspace = ["corpus", "report", "train gru-1", "train gru-2"]
    assert_synced(project, *of_workspace, "train gru-1 of wide", "train gru-2 of wide", "report of wide")
    (parent,) = [run for run in runs_of(project) if run.info.run_name.endswith(" wide")]
    children = [run for run in runs_of(project) if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(run.info.run_name for run in children) == ["report", "train gru-1", "train gru-2"]


@pytest.mark.faults
def test_an_experiment_that_the_cache_lacks_is_named(project: Path) -> None:
    commit(project)
    run_in(project, "dvc", "exp", "run", "-q", "--temp", "-n", "wide", "-S", "models.gru.hidden_size=5")
    run_in(project, "dvc", "gc", "-q", "-f", "-w")
    for file in (*project.glob("mlflow.db*"), *project.glob("mlartifacts")):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    report = sync(project)
    assert sorted(report.missing) == ["train gru-1 of wide", "train gru-2 of wide"]
    before = snapshot(project)
    assert sync(project).missing == report.missing
    assert snapshot(project) == before


@pytest.mark.faults
def test_after_a_queue_of_experiments_with_two_workers(project: Path) -> None:
    commit(project)
    for size in (5, 6, 7, 8):
        run_in(
            project, "dvc", "exp", "run", "-q", "--queue", "-n", f"wide{size}", "-S", f"models.gru.hidden_size={size}"
        )
    run_in(project, "dvc", "queue", "start", "-j", "2")
    states = ""
    for _ in range(600):
        states = run_in(project, "dvc", "queue", "status").stdout
        if states.count("Success") + states.count("Failed") == 4:
            break
        time.sleep(0.5)
    assert states.count("Success") == 4, states
    assert len(locks(project)) == 5 * len(LOCKS)
    assert sync(project).missing == []
    assert_synced(project)
    for size in (5, 6, 7, 8):
        assert len([run for run in named(project, "train gru-1") if run.data.params["hidden_size"] == str(size)]) == 1


@pytest.mark.faults
def test_after_a_killed_stage(project: Path) -> None:
    set_hidden_size(project, 3, 7)
    run_in(project, "dvc", "repro", "-q", "-s", TRAIN, code=None, TROUBLE="kill")
    assert sync(project).killed == ["train gru-1"]
    assert_synced(project)
    run_in(project, "dvc", "repro", "-q")
    assert_synced(project)


@pytest.mark.faults
def test_two_trainings_side_by_side_may_be_the_first_to_use_the_store(without_store: Path) -> None:
    project = without_store
    set_hidden_size(project, 3, 7)
    both = [
        subprocess.Popen(["dvc", "repro", "-q", "-s", stage], cwd=project, env=ENV, stderr=subprocess.PIPE, text=True)
        for stage in (TRAIN, TRAIN.replace("-1", "-2"))
    ]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert not any("goes on without it" in text for text in said), said
    sync(project)
    assert_synced(project)
