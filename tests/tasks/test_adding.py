"""Adding: the sequences, their optimum, and answers that are known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples
from pipeline.networks.build import build_regressor
from pipeline.networks.bundle import Bundle
from pipeline.networks.classifier import Regressor
from pipeline.stage.resume import ResumePlace
from pipeline.tasks.adding.data import SOURCE
from pipeline.tasks.adding.data.sums import RIGHT_WITHOUT_MEMORY, SQUARED_ERROR_WITHOUT_MEMORY, split, train_lengths
from pipeline.tasks.adding.params import AddingParams
from pipeline.tasks.adding.task import TASK, predict, steps_of, sums_answered
from pipeline.tasks.bundle import TaskBundle
from pipeline.training.fit import fit

PARAMS = AddingParams(
    lengths=[5, 8],
    unseen_lengths=[9],
    budget_tokens=100,
    test_sequences=6,
    epochs=1,
    batch_size=4,
    learning_rate=0.02,
    weight_decay=0.1,
    dropout=0.0,
    num_validations=1,
    log_every_steps=2,
)


@pytest.mark.parametrize("length", [3, 4, 7, 20])
def test_two_steps_are_marked_one_a_half_and_never_the_last(length):
    sequences = split([length] * 200, np.random.default_rng(1))
    inputs = np.stack(sequences.inputs)
    assert (inputs.shape, inputs.dtype) == ((200, length, 2), np.float32)
    marks = inputs[:, :, 1]
    assert set(np.unique(marks)) == {0.0, 1.0}
    assert (marks[:, : length // 2].sum(1) == 1).all()
    assert (marks[:, length // 2 :].sum(1) == 1).all()
    assert not marks[:, -1].any()
    assert marks[:, :-1].any(0).all(), "every other step is marked now and then"
    expected = [sum(value for value, mark in row if mark) for row in inputs.tolist()]
    assert [float(total) for total in sequences.targets] == pytest.approx(expected)


def test_the_scores_without_memory_are_those_of_the_constant_1():
    """Closed form: 2 times the variance 1 / 12 of a uniform value; and by Monte-Carlo, within 4 standard errors."""
    sums = np.array(split([5] * 10_000, np.random.default_rng(1)).targets, np.float64)
    squares = (sums - 1) ** 2
    error = float(squares.std()) / math.sqrt(len(squares))
    assert float(squares.mean()) == pytest.approx(SQUARED_ERROR_WITHOUT_MEMORY, abs=4 * error)
    assert SQUARED_ERROR_WITHOUT_MEMORY == pytest.approx(2 * (1 / 3 - 1 / 4))
    right = (abs(sums - 1) < 0.04).mean()
    assert right == pytest.approx(RIGHT_WITHOUT_MEMORY, abs=4 * math.sqrt(0.08 * 0.92 / 10_000))


class Adder(Regressor):
    def __init__(self):
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs, lengths=None):
        return (inputs[..., 0] * inputs[..., 1]).sum(1)


class One(Adder):
    def forward(self, inputs, lengths=None):
        return torch.ones(len(inputs))


def test_an_adder_is_right_at_no_cost_and_a_constant_by_chance():
    given = sums_answered(Adder(), split([9] * 100 + [5] * 150, np.random.default_rng(1)))
    assert all(a.right == [True] and a.costs[0] < 1e-12 for a in given)
    given = sums_answered(One(), split([5] * 4000, np.random.default_rng(1)))
    assert sum(a.right[0] for a in given) / 4000 == pytest.approx(RIGHT_WITHOUT_MEMORY, abs=0.02)
    assert sum(a.costs[0] for a in given) / 4000 == pytest.approx(1 / 6, abs=0.02)


def test_examples_fill_the_budget_and_no_value_is_in_two_of_them():
    examples = SOURCE.read(PARAMS)
    lengths = examples.splits["train"].lengths
    assert sum(lengths) >= 100 > sum(lengths[:-1])
    assert set(train_lengths([5, 8], 10_000, np.random.default_rng(1))) == {5, 8}
    assert examples.splits["test"].notes["distance"] == [5] * 6 + [8] * 6 + [9] * 6
    values = np.concatenate([steps[:, 0] for of in examples.splits.values() for steps in of.inputs])
    assert len(np.unique(values)) == len(values)


def test_examples_are_the_same_each_time_and_after_saving(tmp_path):
    first, again = SOURCE.read(PARAMS), SOURCE.read(PARAMS)
    first.save(tmp_path)
    for other in (again, Examples.load(tmp_path)):
        for name, of in first.splits.items():
            assert all(np.array_equal(a, b) for a, b in zip(of.inputs, other.splits[name].inputs, strict=True))
            assert of.targets == other.splits[name].targets


def test_a_sequence_among_others_is_answered_as_alone(model):
    network = build_regressor(model("lstm", bidirectional=True), 2, seed=1)
    mixed = split([9, 3, 6], np.random.default_rng(1))
    together = [a.costs[0] for a in sums_answered(network, mixed)]
    with torch.no_grad():
        alone = [
            float(network(torch.tensor(x)[None])) - float(y) for x, y in zip(mixed.inputs, mixed.targets, strict=True)
        ]
    assert together == pytest.approx([error**2 for error in alone], rel=1e-4)


def test_the_objective_is_the_mean_squared_error(model):
    examples = SOURCE.read(PARAMS)
    network = build_regressor(model("gru"), **TASK.sizes(PARAMS, examples), seed=1)
    objective = TASK.objective(PARAMS, examples, network, 1)
    batch = next(objective.batches(0))
    loss, _ = objective.loss(network, batch, None)
    inputs, lengths, sums = batch
    with torch.no_grad():
        answers = [float(network(inputs[i : i + 1, : lengths[i]])) for i in range(len(sums))]
    by_hand = sum((answer - total) ** 2 for answer, total in zip(answers, sums.tolist(), strict=True))
    assert float(loss.detach()) == pytest.approx(by_hand, rel=1e-4)
    assert objective.num_steps == math.ceil(len(examples.splits["train"]) / 4)


def test_a_line_of_values_is_summed(model):
    bundle = Bundle(Adder(), "regressor", {"num_inputs": 2}, model("gru"), 1)
    (given,) = predict(TaskBundle(bundle, "adding", PARAMS, [], None), ["0.25 0.5* 0.1 1* 0"], "x")
    assert (given.shown, given.fields) == ("1.500 (sum: 1.500)", {"answer": 1.5, "sum": 1.5})


@pytest.mark.parametrize("line", ["", "0.5 0.5", "0.1* 0.2 0.3* 0.4*", "0.1* a*", "2* 0.1*", "nan* 0.1*", "* 0.1*"])
def test_a_line_that_is_no_sequence_is_named(line):
    with pytest.raises(PipelineError, match=r"^FILE, line 1: values from 0 to 1, two of them marked"):
        steps_of(line, "FILE, line 1")


def train(section, resume=None):
    """Train as the stage does."""
    examples = SOURCE.read(PARAMS)
    network = build_regressor(section, **TASK.sizes(PARAMS, examples), seed=1)
    trained = fit(
        network,
        TASK.objective(PARAMS, examples, network, 1),
        learning_rate=0.02,
        weight_decay=0.1,
        max_grad_norm=0.5,
        num_validations=1,
        log_every_steps=2,
        accelerator="cpu",
        precision="float32",
        seed=1,
        live=lambda rows: None,
        resume=resume,
    )
    return network, trained


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_training_that_is_killed_goes_on_to_the_same_weights(model, tmp_path, monkeypatch, step):
    """Killed right after a state was saved; dropout between the layers draws on."""
    section = model("lstm", num_layers=2, dropout=0.3)

    def place(folder) -> ResumePlace:
        return ResumePlace(tmp_path / folder, "key", every_seconds=0.0)

    whole, expected = train(section, place("whole"))
    save = ResumePlace.save
    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
        patch.setattr(ResumePlace, "save", lambda self, at, state: save(self, at, state) or killed_at(at, step))
        train(section, place("broken"))
    again, trained = train(section, place("broken"))
    assert trained == expected
    assert expected.best_step > step
    for one, other in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


class Killed(BaseException):
    """What ends a training in the middle: nothing of ours handles it."""


def killed_at(at: int, step: int) -> None:
    if at == step:
        raise Killed
