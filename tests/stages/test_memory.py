"""The stage by its own command line, at sizes that learn nothing."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from pipeline.base.artifacts import Record
from pipeline.params import read_yaml
from stages.memory import memory

PARAMS = Path(__file__).parents[2] / "params.yaml"
SMALL = {"budget_tokens": 400, "batch_size": 4, "log_every_steps": 2, "test_sequences": 5}
LENGTHS = {"lengths": [3, 6], "unseen_lengths": [9]}
FLOORS = {
    "agreement": (1.0, "bits"),
    "copying": (3.0, "bits"),
    "adding": (1 / 6, "squared_error"),
    "reber": (1, "bits"),
}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A project's root with small tasks and models."""
    monkeypatch.chdir(tmp_path)
    values = read_yaml(PARAMS)
    values["runtime"] = {"threads": 1, "accelerator": "cpu", "precision": "float32"}
    for task in FLOORS:
        section = values["memory"][task]
        section |= SMALL | (LENGTHS if "lengths" in section else {})
    for section in values["models"].values():
        section |= {"hidden_size": 6, "embedding_size": 3, "tied_embeddings": False}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(values, file)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def run(task: str, model: str, seed: int = 1) -> Path:
    out = Path(f"out/memory/{task}-{model}-{seed}")
    assert memory.run(["--task", task, "--model", model, "--seed", str(seed), "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("model", ["gru", "bidirectional_lstm"])
@pytest.mark.parametrize("task", FLOORS)
def test_every_task_takes_every_model_and_states_its_floor(task, model):
    out = run(task, model)
    about = json.loads((out / "memory.json").read_text())
    without, unit = FLOORS[task]
    assert about["floor"] == {"with_memory": 0.0, "without": pytest.approx(without), "unit": unit}
    assert about["task"] == task
    rows = about["by_distance"]
    places = about["overall"]["n"] / sum(row["n"] for row in rows)
    assert places == 1
    if task != "reber":
        assert [row["distance"] for row in rows] == [3, 6, 9]
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in rows)
    assert (about["strings"] is not None) == (task == "reber" and model == "gru")
    assert bool(about["by_attractors"]) == (task == "agreement")


def test_the_record_holds_the_training_and_the_curve():
    out = run("agreement", "lstm")
    about, record = json.loads((out / "memory.json").read_text()), Record.load(out)
    assert record.tags == {"stage": "memory", "task": "agreement", "model": "lstm", "seed": "1", "cell": "lstm"}
    assert record.params["memory.max_attractors"] == 2
    assert record.metrics["memory/accuracy"] == about["overall"]["accuracy"]
    assert record.metrics["memory/bits"] == about["overall"]["bits"]
    curve = [row for row in record.history if "memory/accuracy_at_distance" in row.metrics]
    assert [(row.step, row.metrics["memory/accuracy_at_distance"]) for row in curve] == [
        (row["distance"], row["accuracy"]) for row in about["by_distance"]
    ]
    assert any("train/nats_per_token" in row.metrics for row in record.history)
    assert all(math.isfinite(value) for row in record.history for value in row.metrics.values())
    with (out / "memory.csv").open() as file:
        assert [float(row["bits"]) for row in csv.DictReader(file)] == [row["bits"] for row in about["by_distance"]]
    assert all((out / name).stat().st_size for name in record.artifacts)


@pytest.mark.parametrize("task", ["agreement", "adding"])
@pytest.mark.slow
def test_equal_seeds_give_equal_bytes(task):
    def content(out: Path) -> dict[str, bytes]:
        return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}

    first = content(run(task, "rnn"))
    assert content(run(task, "rnn")) == first
    assert content(run(task, "rnn", seed=2))["memory.json"] != first["memory.json"]


@pytest.mark.parametrize(
    ("task", "lengths", "unseen"), [("adding", [2], []), ("agreement", [3, 1], []), ("copying", [1, 4], [4])]
)
def test_lengths_rise_from_the_shortest_that_makes_sense(task, lengths, unseen, capfd):
    values = read_yaml(Path("params.yaml"))
    values["memory"][task] |= {"lengths": lengths, "unseen_lengths": unseen}
    with Path("params.yaml").open("w") as file:
        YAML(typ="safe").dump(values, file)
    assert memory.run(["--task", task, "--model", "rnn", "--seed", "1", "--out", "out/memory/x"]) == 2
    assert f"params.yaml: memory.{task}.lengths: " in capfd.readouterr().err
