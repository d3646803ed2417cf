"""Stages `examples` and `task` on a small task: what they write belongs together."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from pipeline.base.artifacts import Record, read_json
from pipeline.examples.sets import Examples
from pipeline.params import load_params
from pipeline.tasks import source
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from stages.examples import examples
from stages.task import task

SMALL: dict[str, object] = {
    "budget_tokens": 600,
    "test_sequences": 20,
    "batch_size": 8,
    "epochs": 2,
    "num_validations": 2,
}
SMALL |= {"lengths": [0, 2], "unseen_lengths": [4], "max_attractors": 1}
MODEL = {"hidden_size": 7, "embedding_size": 5}


@pytest.fixture
def outs(project) -> tuple[Path, Path]:
    """Of both stages, for a GRU at agreement."""

    changes = {f"tasks.agreement.{key}": value for key, value in SMALL.items()}
    project({}, **changes, **{f"models.gru.{key}": value for key, value in MODEL.items()})
    assert examples.run("--task agreement --out out/examples/{task}".split()) == 0
    flags = "--task agreement --model gru --seed 3 --examples out/examples/{task} --out out/task/{task}-{model}-{seed}"
    assert task.run(flags.split()) == 0
    return Path("out/examples/agreement"), Path("out/task/agreement-gru-3")


def test_examples_come_back_as_they_were_read(outs):
    made, saved = source.load("agreement").read(load_params().tasks.agreement), Examples.load(outs[0])
    for name, split in made.splits.items():
        assert [ids.tolist() for ids in saved.splits[name].inputs] == [ids.tolist() for ids in split.inputs]
        assert [ids.tolist() for ids in saved.splits[name].targets] == [ids.tolist() for ids in split.targets]
        assert {key: list(values) for key, values in saved.splits[name].notes.items()} == {
            key: [list(v) if isinstance(v, tuple | range) else v for v in values] for key, values in split.notes.items()
        }
    sizes = read_json(outs[0] / "examples.json")["splits"]
    assert sizes["test"]["examples"] == 3 * 20


def test_the_record_has_the_scores_with_their_intervals(outs):
    record, scores = Record.load(outs[1]), read_json(outs[1] / "scores.json")
    accuracy = scores["test"]["accuracy"]
    assert record.tags == {"stage": "task", "task": "agreement", "model": "gru", "cell": "gru", "seed": "3"}
    assert record.metrics["test/accuracy"] == accuracy["value"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert record.params["tasks.batch_size"] == 8
    by_distance = [row for row in record.history if "accuracy_by_distance" in row.metrics]
    assert [row.step for row in by_distance] == [0, 2, 4]


def test_predictions_are_a_row_for_each_test_example(outs):
    table = pq.read_table(outs[1] / "predictions.parquet")
    assert table.num_rows == 3 * 20
    right = [sum(row) / len(row) for row in table["right"].to_pylist()]
    assert sum(right) / len(right) == pytest.approx(read_json(outs[1] / "scores.json")["test"]["accuracy"]["value"])


def test_the_bundle_answers_as_the_stage_did(outs):
    bundle, found = TaskBundle.load(outs[1]), Examples.load(outs[0])
    learned = load(bundle.task, bundle.params)
    assert (bundle.task, bundle.params.batch_size, bundle.trained.seed) == ("agreement", 8, 3)
    answers = learned.answer(bundle.params, bundle.trained.network, found.splits["test"])
    measures = learned.measure(bundle.params, found, found.splits["test"], answers)
    assert measures["bits"].as_json() == read_json(outs[1] / "scores.json")["test"]["bits"]
    assert not any(isinstance(m, torch.nn.Dropout) and m.training for m in bundle.trained.network.modules())
