"""Stages whose DVC is gone, and stages at the same work at once: none is done twice, none is lost."""

import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.params import read_yaml
from reliability.kills import Kill, Started, is_alive, saved, started
from reliability.project import AUTHOR, TASKS, run
from reliability.trials import (
    TASK,
    TRAIN,
    Trial,
    Undisturbed,
    checksums,
    differences,
    finished_runs,
    make_fragile_project,
    out,
    small_and_fragile,
    tried,
    undisturbed,
)

pytestmark = pytest.mark.faults
OTHER = "train@char-lstm-1"
ADDING = "task@adding-gru-1"
APPLICATIONS = {"sentiment": 40, "entities": 60, "dna": 6}
"""Passes over their small examples: some seconds of training."""


def two_models_and_tasks(params: dict) -> None:
    params["models"]["lstm"] |= {"hidden_size": 8, "embedding_size": 4}
    small_and_fragile(params, tokens=6000)
    params["run"] |= {"models": ["gru", "lstm"], "tasks": ["agreement", "adding", *APPLICATIONS]}
    for task, epochs in APPLICATIONS.items():
        params["tasks"][task] |= {**TASKS[task], "batch_size": 4, "epochs": epochs, "dropout": 0.2}
    params["tasks"]["adding"] |= {
        "lengths": [10, 20],
        "unseen_lengths": [],
        "batch_size": 4,
        "budget_tokens": 60_000,
        "test_sequences": 20,
    }


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    """A project whose text is ready to be trained on, and committed: experiments need that."""
    folder = tmp_path_factory.mktemp("orphans") / "pristine"
    make_fragile_project(folder, two_models_and_tasks)
    for command in ("git add .", f"git {AUTHOR} commit -qm Text"):
        assert run(command, folder).returncode == 0
    return folder


@pytest.fixture(scope="module")
def expected(pristine) -> Undisturbed:
    return undisturbed(pristine, TRAIN)


@pytest.fixture
def project(pristine, tmp_path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(pristine, folder, symlinks=True)
    return folder


def lose_dvc(work: Started) -> None:
    """kill -9 of DVC, once there is something to go on from; the stage stands still, so that it does not end yet."""
    assert work.wait_until(lambda: len(saved(work.folder)) > 1)
    work.stage.suspend()
    work.command.send_signal(signal.SIGKILL)
    work.end()
    assert is_alive(work.stage)


def test_beside_an_orphan_a_second_repro_refuses_and_says_how_to_stop_it_and_then_goes_on(project, expected):
    with started(f"dvc repro -s {TRAIN}", project) as work:
        lose_dvc(work)
        refused = run(f"dvc repro -s {TRAIN}", project)
        assert refused.returncode != 0
        assert f"one process at a time (got pid {work.stage.pid} on " in refused.stderr
        assert f"stop it with `kill {work.stage.pid}`" in refused.stderr
        assert is_alive(work.stage)
        work.send(signal.SIGTERM, group=False)
        work.wait_for_end()
    newest = saved(project)[-1]
    assert 0 < newest < expected.steps
    done = run(f"dvc repro -s {TRAIN}", project)
    assert f"going on after step {newest} of {expected.steps}" in done.stderr
    assert differences(expected, project) == []


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_what_an_orphan_has_done_to_the_end_is_taken_and_not_done_again(project, expected, monkeypatch, shell):
    """DVC runs a stage by $SHELL; bash becomes the stage, while dash, which is often sh, outlives DVC beside it."""
    monkeypatch.setenv("SHELL", shell)
    with started(f"dvc repro -s {TRAIN}", project) as work:
        lose_dvc(work)
        work.stage.resume()
        work.wait_for_end()
    assert (project / out(TRAIN) / "weights.safetensors").exists()
    done = run(f"dvc repro -s {TRAIN}", project)
    assert f"going on after step {expected.steps} of {expected.steps}" in done.stderr
    assert differences(expected, project) == []
    assert saved(project) == []


def test_two_models_train_side_by_side_from_an_empty_store(project, expected):
    assert not (project / "mlflow.db").exists()
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda stage: run(f"dvc repro -s {stage}", project), (TRAIN, OTHER)))
    assert [end.returncode for end in ends] == [0, 0], [end.stderr for end in ends]
    assert finished_runs(project, TRAIN) == [expected.points]
    assert len(finished_runs(project, OTHER)) == 1
    assert checksums(project / out(TRAIN)) == checksums(expected.folder / out(TRAIN))


def experiment_entries(project: Path, stage: str) -> list[dict]:
    """What the dvc.lock of each experiment says of the stage."""
    refs = run("git for-each-ref refs/exps --format=%(refname)", project).stdout.split()
    (project / "locks").mkdir(exist_ok=True)
    entries = []
    for number, ref in enumerate(ref for ref in refs if ref.count("/") == 5 or "celery" not in ref):
        shown = run(f"git show {ref}:dvc.lock", project)
        if shown.returncode == 0:
            path = project / f"locks/{number}.yaml"
            path.write_text(shown.stdout)
            entries.append(read_yaml(path)["stages"].get(stage))
    shutil.rmtree(project / "locks")
    return [entry for entry in entries if entry]


def test_an_experiment_in_a_temporary_folder_goes_on_where_it_was_killed(project, expected):
    """Its folder is gone by then; what it had learned lies where the project is."""
    command = f"dvc exp run --temp -s {TRAIN}"
    with started(command, project) as work:
        assert Path(work.stage.cwd()) != project.resolve()
        work.strike(Kill(signal.SIGKILL, False, "saved", 0.3), expected.seconds, expected.steps)
        assert work.end().returncode != 0
    newest = saved(project)[-1]
    done = run(command, project)
    assert done.returncode == 0, done.stderr
    assert f"going on after step {newest} of {expected.steps}" in done.stderr
    assert experiment_entries(project, TRAIN) == [read_yaml(expected.folder / "dvc.lock")["stages"][TRAIN]]
    assert finished_runs(project, TRAIN) == [expected.points]


def test_two_queued_experiments_at_the_same_training_at_once_both_end_well(project, expected):
    for samples in (4, 5):
        queued = run(f"dvc exp run --queue -s {TRAIN} -S sampling.char.num_samples={samples}", project)
        assert queued.returncode == 0, queued.stderr
    assert run("dvc queue start -j 2", project).returncode == 0
    try:
        ends = wait_for_queue(project)
    finally:
        run("dvc queue stop --kill", project)
    assert ends == ["Success", "Success"]
    assert experiment_entries(project, TRAIN) == [read_yaml(expected.folder / "dvc.lock")["stages"][TRAIN]] * 2
    assert finished_runs(project, TRAIN) == [expected.points]
    assert saved(project) == []


def wait_for_queue(project: Path) -> list[str]:
    """How each queued experiment ended."""
    for _ in range(120):
        words = re.findall(r"\b(Queued|Running|Success|Failed)\b", run("dvc queue status", project).stdout)
        if words and not {"Queued", "Running"} & set(words):
            return words
        time.sleep(1)
    pytest.fail("the queue does not come to its end")


@pytest.mark.parametrize("stage", [TASK, ADDING, *(f"task@{name}-gru-1" for name in APPLICATIONS)])
def test_a_task_goes_on_where_it_was_killed(pristine, stage):
    trial = Trial(0, stage, [Kill(signal.SIGKILL, False, "write", 0.3)])
    outcome = tried(trial, undisturbed(pristine, stage), pristine)
    assert outcome.wrong == []
    assert (len(outcome.kills), outcome.writes) == (1, 1)
    assert 0.2 < outcome.shares[0] < 1
