"""The whole pipeline on a tiny corpus: real `dvc repro`, real training, real MLflow store."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.tracking.graph import name_of
from reliability.kills import Kill
from reliability.project import change_params, lock_entries, locks, make_project, small
from reliability.project import run as run_quietly
from reliability.trials import Trial, Undisturbed, checksums, cut, differences, finished_runs, out, tried

MODELS = ["gru", "bidirectional_lstm"]
GRU = "train@word-gru-1"
LINES = [f"the {cat} sat on the {mat} number {n}" for n in range(90) for cat, mat in [("cat", "mat"), ("dog", "log")]]

pytestmark = pytest.mark.slow


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the environment that runs the tests; its output is shown where a test fails."""
    done = run_quietly(command, cwd)
    sys.stdout.write(f"$ {command}\n{done.stdout}{done.stderr}")
    return done


def tiny(params: dict) -> None:
    """Small values for both levels, of which one runs: `make verify` runs both. Two models, seconds.

    The GRU is deep, has dropout, and is saved twenty times a second: it will be killed.
    """
    params["run"] |= {"levels": ["char", "word"], "models": MODELS, "tasks": ["agreement"], "seeds": [1]}
    small(params)
    params["run"]["levels"] = ["word"]
    params["corpus"]["path"] = "text.txt"
    params["checkpoint_every"] = 0.05
    params["training"]["word"] |= {"budget_tokens": 4000}
    params["models"]["gru"] |= {"hidden_size": 32, "num_layers": 2, "dropout": 0.2}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A Git and DVC project with this code, tiny params and a text of its own, in which `dvc repro` has run."""
    return made(tmp_path_factory.mktemp("clone") / "unroll", "dvc repro")


def made(project: Path, command: str) -> Path:
    """The project, in which a command has run."""
    make_project(project, tiny)
    (project / "text.txt").write_text("\n".join(LINES) + "\n")
    assert run(command, project).returncode == 0
    return project


def runs(project: Path) -> dict[str, dict]:
    """The finished leaf runs of the MLflow store, by stage key, as plain SQL tells them."""
    with closing(sqlite3.connect(project / "mlflow.db")) as db:
        found: dict[str, dict] = {}
        keys = "select run_uuid, value from tags where key = 'dvc.stage_key'"
        for run_id, key in db.execute(f"{keys} and run_uuid in (select run_uuid from runs where status = 'FINISHED')"):
            assert key not in found, "one run a key"
            points = db.execute("select key, step, value from metrics where run_uuid = ?", [run_id])
            params = db.execute("select key, value from params where run_uuid = ?", [run_id])
            tags = dict(db.execute("select key, value from tags where run_uuid = ?", [run_id]))
            found[key] = {
                "points": sorted(p for p in points if not p[0].startswith("time/")),
                "params": sorted(params),
                "stage": tags["dvc.stage"],
            }
    return found


def test_stages_side_by_side_leave_the_bytes_and_the_runs_of_dvc_repro(project, tmp_path):
    side_by_side = made(tmp_path / "unroll", "unroll repro --jobs 2")
    assert locks(side_by_side) == locks(project) == [Path("dvc.lock"), Path("tasks/dvc.lock")]
    for lock in locks(project):
        assert (side_by_side / lock).read_bytes() == (project / lock).read_bytes()
    for folder in ("out", "reports"):
        assert checksums(side_by_side / folder) == checksums(project / folder)
    assert runs(side_by_side) == runs(project)


def test_the_report_compares_the_models(project):
    page = (project / "reports/report.html").read_text()
    assert "<img" in page or "<svg" in page
    for name in MODELS:
        assert name in page
    metrics = json.loads((project / "reports/metrics.json").read_text())
    assert "word" in metrics


def test_mlflow_holds_one_finished_run_for_every_stage(project):
    found = runs(project)
    assert sorted(run["stage"] for run in found.values()) == sorted(lock_entries(project))
    trained = next(run for run in found.values() if run["stage"].startswith("train@word-gru"))
    steps = {step for key, step, _ in trained["points"] if key == "train/nats_per_token"}
    assert len(steps) > 5


def test_a_second_repro_runs_nothing(project):
    again = run("dvc repro", project)
    assert again.returncode == 0
    assert "Running stage" not in again.stdout
    assert run("dvc status -q", project).returncode == 0


def test_a_change_of_a_section_or_of_the_harness_makes_no_stage_stale(project):
    """What a value may be, how a stage is run and what is said of an error decide no byte of an out."""
    harness = [*(project / "pipeline/stage").glob("*.py"), *(project / "pipeline/tracking").glob("*.py")]
    sections = [*(project / "pipeline").rglob("params.py"), project / "pipeline/base/errors.py"]
    before = {path: path.read_text() for path in (*harness, *sections)}
    try:
        for path, text in before.items():
            path.write_text(text.replace("le=10**12", "le=10**9") + "\n# A comment.\n")
        assert run("dvc status -q", project).returncode == 0
    finally:
        for path, text in before.items():
            path.write_text(text)


def test_an_upgrade_makes_the_stages_stale_that_depend_on_it_and_says_why(project):
    stale = {}
    written = (project / "environment.yaml").read_text()
    for name, value in {"python": "3.0.0", "torch": "1.0.0"}.items():
        lines = [f"{name}: {value}" if line.startswith(f"{name}:") else line for line in written.splitlines()]
        (project / "environment.yaml").write_text("\n".join(lines) + "\n")
        stale[name] = set(json.loads(run("dvc status --json", project).stdout))
        refused = run("unroll check", project)
        assert refused.returncode == 2
        assert f" runs here (the file names {value}); run `unroll environment`, and `dvc repro` will" in refused.stderr
    assert run("unroll environment", project).returncode == 0
    assert (project / "environment.yaml").read_text() == written
    names = {of: {name_of(stage).partition("@")[0] for stage in stages} for of, stages in stale.items()}
    assert names["python"] == {"corpus", "examples"}
    assert names["torch"] == {"train", "gradients", "task", "sampling"}


def test_sync_brings_a_lost_store_back(project):
    before = runs(project)
    for path in project.glob("mlflow.db*"):
        path.unlink()
    assert run("unroll sync", project).returncode == 0
    assert runs(project) == before


def test_training_again_gives_the_same_bytes(project):
    before = (project / "dvc.lock").read_bytes()
    assert run("dvc repro -f -s train@word-bidirectional_lstm-1", project).returncode == 0
    assert (project / "dvc.lock").read_bytes() == before


@pytest.fixture(scope="module")
def undisturbed(project) -> Undisturbed:
    """The GRU's training in the project, where nobody was killed."""
    [points] = finished_runs(project, GRU)
    return Undisturbed(GRU, project, seconds=0, points=points)


@pytest.fixture(scope="module")
def untrained(project, others_store, tmp_path_factory) -> Path:
    """A copy of the project that lacks what the GRU's training made, here and in DVC's cache, and MLflow's store."""
    folder = tmp_path_factory.mktemp("untrained") / "unroll"
    store_and_run_cache = shutil.ignore_patterns("mlflow.db*", "mlartifacts", "runs")
    shutil.copytree(project, folder, symlinks=True, ignore=store_and_run_cache)
    shutil.copy(others_store, folder)
    shutil.rmtree(folder / out(GRU))
    md5 = lock_entries(project)[GRU]["outs"][0]["md5"]
    (folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    return folder


def test_a_training_killed_in_a_write_and_again_and_robbed_of_its_newest_state_ends_with_the_same_bytes(
    untrained, undisturbed
):
    """The small form of `python -m reliability.faults`."""
    kills = [Kill(signal.SIGKILL, False, "write", 0.3), Kill(signal.SIGKILL, True, "saved", 0.6)]
    outcome = tried(Trial(0, GRU, kills, cut), undisturbed, untrained)
    assert outcome.wrong == []
    assert (outcome.kills, outcome.writes) == (kills, 1)
    after_the_write, after_the_cut = outcome.shares
    assert 0.2 < after_the_write <= after_the_cut < 1


def test_one_byte_of_difference_is_named(undisturbed, tmp_path):
    """What compares can tell: an equal copy has no difference, one bit changed has one."""
    copy = tmp_path / "copy"
    shutil.copytree(undisturbed.folder, copy, symlinks=True)
    assert differences(undisturbed, copy) == []
    weights = copy / out(GRU) / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (copy / "dvc.lock").write_text((copy / "dvc.lock").read_text().replace(GRU, "another"))
    assert [of.partition(":")[0] for of in differences(undisturbed, copy)] == [
        "weights.safetensors differs",
        "dvc.lock",
    ]


def test_a_bundle_samples_and_scores_from_the_shell(project):
    sampled = run("unroll sample out/train/word-gru-1 --num-samples 2 --max-tokens 10 --seed 1", project)
    assert sampled.returncode == 0
    scored = run("unroll score out/train/word-gru-1 'the cat sat'", project)
    assert scored.returncode == 0
    assert "perplexity" in scored.stdout


def test_without_tasks_the_report_is_of_language_models_alone(project):
    before = (project / "dvc.lock").read_bytes()
    change_params(project, lambda params: params["run"].update(tasks=[]))
    done = run("dvc repro", project)
    assert done.returncode == 0
    assert re.findall("Running stage '(.*)'", done.stdout) == ["report"]
    assert "## Applications" not in (project / "reports/report.md").read_text()
    assert [sorted(os.listdir(project / "out" / name)) for name in ("examples", "task")] == [[".gitkeep"], [".gitkeep"]]
    change_params(project, lambda params: params["run"].update(tasks=["agreement"]))
    assert run("dvc repro", project).returncode == 0
    assert (project / "dvc.lock").read_bytes() == before


def test_a_change_of_one_model_trains_that_model_alone(project):
    """The last test that repro's: it changes params and puts them back, so that DVC's run-cache has to serve."""
    change_params(project, lambda params: params["models"]["gru"].update(hidden_size=33))
    planned = run("dvc status", project).stdout
    assert "train@word-gru-1" in planned
    assert "train@word-bidirectional_lstm-1" not in planned
    change_params(project, lambda params: params["models"]["gru"].update(hidden_size=32))
    assert run("dvc status -q", project).returncode == 0


def test_wrong_params_are_all_named_and_nothing_runs(project):
    good = (project / "params.yaml").read_text()
    try:
        change_params(project, lambda params: params["models"]["gru"].update(hidden_size=0, forget_bias=1.0))
        failed = run("python -m stages.corpus --out out/corpus", project)
        assert failed.returncode == 2
        assert "params.yaml: models.gru.hidden_size" in failed.stderr
        assert "params.yaml: models.gru.forget_bias: no such key" in failed.stderr
        assert (project / "out/corpus/train.parquet").exists()
    finally:
        (project / "params.yaml").write_text(good)


def test_a_training_that_diverges_fails_aloud_and_leaves_its_last_good_weights(project):
    """A learning rate of a million: weight decay multiplies the weights by -10,000 a step; they overflow at
    step 6, after one validation.
    """

    def explode(params: dict) -> None:
        params["run"] |= {"levels": ["char"], "models": ["rnn"], "tasks": ["agreement"], "seeds": [1]}
        wild = {"nonlinearity": "tanh", "learning_rate": 1.0e6, "max_grad_norm": None, "hidden_size": 8}
        params["models"]["rnn"] |= wild
        params["training"]["char"] |= {"num_validations": 16}

    change_params(project, explode)
    failed = run("dvc repro train@char-rnn-1", project)
    assert failed.returncode != 0
    assert "loss and gradient stay finite (got loss" in failed.stderr
    assert "not finite: the gradients of" in failed.stderr
    kept = sorted((project / ".work/diverged").rglob("*.safetensors"))
    assert kept
    assert str(kept[0].parent.relative_to(project)) in failed.stderr
    assert not (project / "out/train/char-rnn-1").exists()
    with closing(sqlite3.connect(project / "mlflow.db")) as db:
        ended = db.execute(
            "select r.status from runs r join tags t on t.run_uuid = r.run_uuid "
            "where t.key = 'dvc.stage' and t.value = 'train@char-rnn-1'"
        ).fetchall()
        flags = db.execute("select value from metrics where key = 'train/nonfinite_steps'").fetchall()
    assert ended == [("FAILED",)]
    assert flags == [(1.0,)]
