"""The tasks of the memory stage are the folders of pipeline/memory."""

from pathlib import Path

import pytest

from pipeline import memory
from pipeline.memory.contract import load
from pipeline.params import MemoryParams, load_params
from pipeline.stage.resume import ResumePlace
from stages.memory import memory as memory_stage

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")
SMALL = {"budget_tokens": 400, "batch_size": 4, "log_every_steps": 2, "test_sequences": 5}


def test_folders_entries_of_params_and_tasks_are_the_same():
    assert set(memory.names()) == set(MemoryParams.model_fields) - {"tasks"}
    assert {name: load(name).params for name in memory.names()} == {
        name: MemoryParams.model_fields[name].annotation for name in memory.names()
    }


def test_a_new_folder_is_a_task(tmp_path, monkeypatch):
    (tmp_path / "echo").mkdir()
    (tmp_path / "echo/__init__.py").touch()
    (tmp_path / "echo/task.py").write_text("from pipeline.memory.reber.task import TASK")
    monkeypatch.setattr(memory, "__path__", [*memory.__path__, str(tmp_path)])
    assert "echo" in memory.names()
    assert load("echo") is load("reber")


@pytest.mark.parametrize("task", memory.names())
def test_every_task_shows_its_curve_while_it_trains(model, tmp_path, task):
    shown = []
    section = getattr(PARAMS.memory, task)
    changes = SMALL | ({"lengths": [3], "unseen_lengths": [5]} if "lengths" in type(section).model_fields else {})
    section = section.model_copy(update=changes)
    result = memory_stage.function(
        memory=section,
        model=model("gru"),
        runtime=PARAMS.runtime.model_copy(update={"accelerator": "cpu"}),
        task=task,
        seed=1,
        out=tmp_path,
        live=shown.extend,
        resume=ResumePlace(tmp_path / "resume", "key", every_seconds=1e9),
    )
    unit = "squared_error" if task == "adding" else "nats_per_token"
    losses = [row for row in shown if f"train/{unit}" in row.metrics]
    assert losses == [row for row in result.history if f"train/{unit}" in row.metrics]
    assert losses[0].step == 2
    assert len([row for row in shown if f"validation/{unit}" in row.metrics]) == 1
