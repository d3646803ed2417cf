"""A training in two processes under DVC: one out, one run, and an end with an error when one of the two is killed."""

import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from pipeline.params import read_yaml
from reliability.kills import saved
from reliability.project import change_params, environment, make_small_project, run

pytestmark = [pytest.mark.slow, pytest.mark.faults]

STAGE = "train@char-lstm-1"


def two(params: dict) -> None:
    params["training"]["char"] |= {"processes": 2, "budget_tokens": 30000, "num_validations": 4}
    params["models"]["lstm"] |= {"dropout": 0.2, "num_layers": 2}
    params["checkpoint_every"] = 0.1


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    make_small_project(folder)
    change_params(folder, two)
    done = run("dvc repro -q vocabulary@char", folder)
    assert done.returncode == 0, done.stderr
    return folder


def kill_rank_1(repro: subprocess.Popen, project: Path) -> None:
    """As soon as two states were saved."""
    while repro.poll() is None:
        with suppress(psutil.NoSuchProcess):
            below = psutil.Process(repro.pid).children(recursive=True)
            ranks = [process for process in below if "--multiprocessing-fork" in process.cmdline()]
            if len(saved(project)) == 2:
                max(ranks, key=psutil.Process.create_time).kill()  # they are started in their order
                return
        time.sleep(0.01)
    raise AssertionError("it ended before it could be killed")


def test_a_killed_rank_ends_the_stage_and_the_next_repro_goes_on_to_the_same_bytes(project):
    with subprocess.Popen(["dvc", "repro", "-s", STAGE], cwd=project, env=environment()) as repro:
        kill_rank_1(repro, project)
    assert repro.returncode != 0
    assert not (project / "out/train/char-lstm-1").exists()
    again = run(f"dvc repro -s {STAGE}", project)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("going on after step") == 1
    resumed = read_yaml(project / "dvc.lock")["stages"][STAGE]
    assert saved(project) == []
    assert run(f"dvc repro -f -s {STAGE}", project).returncode == 0
    assert read_yaml(project / "dvc.lock")["stages"][STAGE] == resumed
    with closing(sqlite3.connect(project / "mlflow.db")) as db:
        key = "select run_uuid from tags where key = 'dvc.stage' and value = ?"
        ended = db.execute(f"select status from runs where run_uuid in ({key})", [STAGE]).fetchall()
    assert ended == [("FINISHED",)]
