"""A tiny DVC project: real `dvc repro`, real records, no training. Its live stages are in a second pipeline file."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.tracking.store import Store, open_store

PARAMS = """\
seeds: [1, 2]
models:
  gru: {hidden_size: 3, learning_rate: 1e-5, dropout: 0.1, embedding_size: null, tied: false, prompt: ""}
"""

DVC_YAML = """\
stages:
  corpus:
    cmd: python stages/tiny.py corpus --out out/corpus
    deps: [data, stages/tiny.py]
    outs: [out/corpus]
  report:
    cmd: python stages/tiny.py report --out reports
    deps: [out/train, stages/tiny.py]
    outs: [reports]
"""

TRAIN_YAML = """\
vars: [../params.yaml]
stages:
  train:
    wdir: ..
    matrix:
      model: [gru]
      seed: ${seeds}
    cmd: >-
      python stages/tiny.py train --model ${item.model} --seed ${item.seed}
      --out out/train/${item.model}-${item.seed}
    deps: [out/corpus, stages/tiny.py]
    params: ["models.${item.model}"]
    outs: ["out/train/${item.model}-${item.seed}"]
"""
TRAIN = "tasks/dvc.yaml:train@gru-1"
"""What DVC calls the first live stage."""
LOCKS = ("dvc.lock", "tasks/dvc.lock")

STAGES = '''\
"""Three stages: a short one, a live one whose curve depends on its params and seed, and one that syncs."""

import argparse
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pipeline import tracking
from pipeline.base.artifacts import Record, Row, flatten, write_json
from pipeline.params import read_yaml

parser = argparse.ArgumentParser()
parser.add_argument("stage")
parser.add_argument("--model")
parser.add_argument("--seed", type=int)
parser.add_argument("--out", type=Path)
options = parser.parse_args()
out = options.out
(out / "figures").mkdir(parents=True, exist_ok=True)
(out / "figures" / "curve.txt").write_text(f"{options.stage} {options.seed}")
trouble = os.environ.get("TROUBLE")  # not seen by DVC, as trouble is
STORED = "select count(*) from metrics join runs using (run_uuid) where name = ? and status = 'RUNNING' and step = 30"


def wait(run: tracking.LiveRun, is_over: Callable[[], bool]) -> None:
    """As a training that learns nothing meanwhile."""
    while not is_over():
        run.log([])
        time.sleep(0.05)


def is_stored() -> bool:
    with closing(sqlite3.connect("mlflow.db")) as store:
        return store.execute(STORED, [f"train {options.model}-{options.seed}"]).fetchone()[0] > 0


if options.stage == "train":
    params = flatten(read_yaml(Path("params.yaml"))["models"][options.model])
    tags = {"stage": "train", "level": "char", "model": options.model, "cell": "gru", "seed": str(options.seed)}
    rows = [
        Row(step, {"train/nats_per_token": options.seed + params["hidden_size"] / step, "train/grad_norm": 1 / step})
        for step in range(10, 60, 10)
    ]
    try:
        with tracking.live_run(tracking.current_work(), params, tags, after_seconds=0.0) as run:
            for row in rows:
                run.log([row, Row(row.step, {"time/elapsed": 0.5})])
                if trouble == "kill" and row.step == 30:
                    wait(run, is_stored)
                    os.kill(os.getpid(), signal.SIGKILL)
                if trouble == "wait" and row.step == 30:
                    wait(run, Path("go").exists)
                if trouble == "interrupt" and row.step == 30:
                    raise KeyboardInterrupt
                if trouble == "error" and row.step == 30:
                    raise ValueError("the loss is not finite")
            finals = {"test/nats_per_token": 1.5, "train/nats_per_token": 0.25}
            record = Record(params, tags, finals, rows, ["figures/curve.txt"])
            record.save(out)
            run.finish(out)
    except ValueError as error:  # as @stage does
        tracking.record_failure("train", str(error))
        raise
else:
    if trouble == "short":
        tracking.record_failure(options.stage, "corpus: the text must not be empty")
        raise SystemExit(2)
    history = [Row(1, {"length": 4.0}), Row(2, {"length": 7.0})]
    Record({"unit": "line"}, {"stage": options.stage}, {"units": 2.0}, history, ["figures"]).save(out)
    write_json(out / "corpus.json", {"units": 2})
    if options.stage == "report":
        tracking.sync_from_stage(out)
'''

ENV = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def run_in(folder: Path, *command: str, code: int | None = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; a wrong exit code shows all it said."""
    done = subprocess.run(command, cwd=folder, env=os.environ | ENV | env, capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def make_project(root: Path) -> Path:
    """The tiny project, nothing run yet."""
    for folder in ("stages", "data", "tasks"):
        (root / folder).mkdir(parents=True)
    (root / "data" / "a.txt").write_text("one\n")
    (root / "data" / "b.txt").write_text("two\n")
    (root / "params.yaml").write_text(PARAMS)
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "tasks/dvc.yaml").write_text(TRAIN_YAML)
    (root / "stages" / "tiny.py").write_text(STAGES)
    (root / ".gitignore").write_text(".work/\nmlflow.db*\nmlartifacts/\n")
    run_in(root, "git", "init", "-q")
    run_in(root, "dvc", "init", "-q")
    run_in(root, "dvc", "config", "core.analytics", "false")
    return root


def copy_of(root: Path, folder: Path) -> Path:
    """A copy of a project without MLflow's store, which cannot be moved."""
    ignored = shutil.ignore_patterns("mlflow.db*", "mlartifacts", ".work")
    return Path(shutil.copytree(root, folder / "project", ignore=ignored))


@pytest.fixture(scope="session")
def reproduced(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The tiny project after `dvc repro`; tests work on copies."""

    def fill(folder: Path) -> None:
        run_in(make_project(folder / "project"), "dvc", "repro", "-q")

    return made_once("reproduced", fill) / "project"


@pytest.fixture
def without_store(reproduced: Path, tmp_path: Path) -> Path:
    """The tiny project after `dvc repro`, as a fresh clone with the outs has it: without MLflow's store."""
    return copy_of(reproduced, tmp_path)


@pytest.fixture
def project(without_store: Path, others_store: Path) -> Path:
    """The tiny project after `dvc repro`, with none of its runs in MLflow's store."""
    shutil.copy(others_store, without_store)
    return without_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for all tests, since making it takes seconds: each test uses keys of its own."""
    return open_store(tmp_path_factory.mktemp("store"))
