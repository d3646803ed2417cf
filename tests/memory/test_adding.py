"""Adding: the sequences, their optimum, and a training against plain torch."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from pipeline.memory.adding.data import SQUARED_ERROR_WITHOUT_MEMORY, TOLERANCE, batches, sequences, sums_answered
from pipeline.memory.adding.params import AddingTask
from pipeline.memory.adding.task import TASK
from pipeline.networks.regressor import Regressor
from pipeline.stage.resume import ResumePlace
from pipeline.training.diverged import DivergedError
from pipeline.training.fit import fit
from pipeline.training.supervised import LeastSquares


@pytest.mark.parametrize("length", [3, 4, 7, 20])
def test_two_steps_are_marked_one_a_half_and_never_the_last(length, generator):
    inputs, sums = sequences(200, length, generator)
    assert inputs.shape == (200, length, 2)
    marks = inputs[:, :, 1]
    assert set(marks.unique().tolist()) == {0.0, 1.0}
    assert (marks[:, : length // 2].sum(1) == 1).all()
    assert (marks[:, length // 2 :].sum(1) == 1).all()
    assert not marks[:, -1].any()
    assert marks[:, :-1].any(0).all(), "every other step is marked now and then"
    expected = [sum(value for value, mark in row if mark) for row in inputs.tolist()]
    assert sums.tolist() == pytest.approx(expected)


def test_the_floor_without_memory_is_the_variance_of_the_sum(generator):
    """Closed form: 2 times the variance 1 / 12 of a uniform value; and by Monte-Carlo, within 4 standard errors."""
    _, sums = sequences(200_000, 5, generator)
    squares = (sums.double() - 1) ** 2
    error = float(squares.std()) / math.sqrt(len(squares))
    assert float(squares.mean()) == pytest.approx(SQUARED_ERROR_WITHOUT_MEMORY, abs=4 * error)
    assert SQUARED_ERROR_WITHOUT_MEMORY == pytest.approx(2 * (1 / 3 - 1 / 4))


class Adder(Regressor):
    def __init__(self):
        nn.Module.__init__(self)

    def forward(self, x, lengths=None):
        return (x[..., 0] * x[..., 1]).sum(1)


class One(Adder):
    def forward(self, x, lengths=None):
        return torch.ones(len(x))


def test_an_adder_is_right_at_no_cost_and_a_constant_by_chance(generator):
    given = sums_answered(Adder(), [5, 9], 150, generator)
    assert [a.distance for a in given] == [5] * 150 + [9] * 150
    assert all(a.right and a.cost < 1e-12 for a in given)
    given = sums_answered(One(), [5], 4000, generator)
    chance = 1 - (1 - TOLERANCE) ** 2  # |u + v - 1| < e
    assert sum(a.right for a in given) / 4000 == pytest.approx(chance, abs=0.02)
    assert sum(a.cost for a in given) / 4000 == pytest.approx(1 / 6, abs=0.02)


def test_batches_end_with_the_budget_and_repeat_with_the_seed():
    first, again, other = (list(batches([5, 9], 4, 300, seed)) for seed in (1, 1, 2))
    steps = [inputs.shape[0] * inputs.shape[1] for inputs, _ in first]
    assert sum(steps) >= 300 > sum(steps[:-1])
    assert {inputs.shape for inputs, _ in first} == {(4, 5, 2), (4, 9, 2)}
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0][1], other[0][1])


PARAMS = AddingTask(
    lengths=[5],
    unseen_lengths=[9],
    budget_tokens=100,
    batch_size=4,
    learning_rate=0.02,
    weight_decay=0.1,
    log_every_steps=2,
    test_sequences=6,
)


def train(section, live=lambda rows: None, resume=None, seed=1):
    """Train as the stage does."""
    network = TASK.build(PARAMS, section, seed)
    trained = fit(
        network,
        TASK.objective(PARAMS, network, seed),
        learning_rate=0.02,
        weight_decay=0.1,
        max_grad_norm=0.5,
        num_validations=1,
        log_every_steps=2,
        accelerator="cpu",
        precision="float32",
        seed=seed,
        live=live,
        resume=resume,
    )
    return network, trained


def test_a_training_is_the_bare_loop(model):
    bare = TASK.build(PARAMS, model("gru"), 1)
    network, trained = train(model("gru"))
    optimizer = torch.optim.AdamW(bare.parameters(), 0.02, (0.9, 0.95), weight_decay=0.1)
    rates = [0.04, 1.0, 0.75, 0.5, 0.25, 0.0]  # over the peak: one step up, four down
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rates.__getitem__)
    losses = []
    for x, y in batches([5], 4, 100, seed=1):
        optimizer.zero_grad()
        loss = ((bare(x) - y) ** 2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(bare.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    for one, other in zip(network.parameters(), bare.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    rows = [row for row in trained.history if "train/squared_error" in row.metrics]
    assert [row.step for row in rows] == [2, 4, 5]
    means = [sum(losses[:2]) / 2, sum(losses[2:4]) / 2, losses[4]]
    assert [row.metrics["train/squared_error"] for row in rows] == pytest.approx(means, rel=1e-4)
    assert [row.metrics["train/sequences"] for row in rows] == [8, 16, 20]


def test_the_curve_is_shown_while_it_trains_and_the_last_weights_stay(model):
    shown = []
    _, trained = train(model("gru"), live=shown.extend)
    assert [row for row in shown if "time/seconds" not in row.metrics] == list(trained.history)
    assert trained.best_step == 5
    assert trained.history[-1].metrics["validation/squared_error"] > 0


def test_training_validation_and_test_share_no_sequence(model, monkeypatch):
    asked: list[torch.Tensor] = []
    network = TASK.build(PARAMS, model("rnn"), 1)
    objective = TASK.objective(PARAMS, network, 1)
    assert isinstance(objective, LeastSquares)
    monkeypatch.setattr(network, "forward", lambda x: asked.append(x) or torch.zeros(len(x)))
    TASK.ask(PARAMS, network, 1)
    read = [x for x, _ in objective.batches(skip=0)] + [x for x, _ in objective.validation]
    values = torch.cat([x[..., 0].flatten() for x in [*read, *asked]])
    assert len(asked) == 2
    assert len(values.unique()) == len(values)


@pytest.mark.parametrize("step", [2, 3, 5])
def test_a_training_that_is_killed_goes_on_to_the_same_weights(model, tmp_path, monkeypatch, step):
    """Killed right after a state was saved; dropout between the layers draws on."""
    section = model("lstm", num_layers=2, dropout=0.3)

    def place(folder) -> ResumePlace:
        return ResumePlace(tmp_path / folder, "key", every_seconds=0.0)

    whole, expected = train(section, resume=place("whole"))
    save = ResumePlace.save
    with monkeypatch.context() as patch, pytest.raises(Killed):  # noqa: PT012
        patch.setattr(ResumePlace, "save", lambda self, at, state: save(self, at, state) or killed_at(at, step))
        train(section, resume=place("broken"))
    again, trained = train(section, resume=place("broken"))
    assert trained == expected
    for one, other in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


class Killed(BaseException):
    """What ends a training in the middle: nothing of ours handles it."""


def killed_at(at: int, step: int) -> None:
    if at == step:
        raise Killed


def test_a_loss_that_is_not_finite_ends_the_training_and_says_whose(model, monkeypatch):
    inputs, sums = sequences(4, 5, torch.Generator().manual_seed(1))
    infinite = LeastSquares([(inputs, sums + math.inf)], [(inputs, sums)])
    monkeypatch.setitem(globals(), "TASK", replace(TASK, objective=lambda *_: infinite))
    with pytest.raises(DivergedError, match=r"training step 1: loss and gradient stay finite \(got loss inf.*readout"):
        train(model("rnn"))


class Zero(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.weight.expand(len(x))


def test_a_validation_is_the_mean_over_sequences_of_all_lengths():
    """By hand: errors 1 and 2 in one batch, 4 in another; a mean of means would be (2.5 + 16) / 2."""
    objective = LeastSquares(
        [], [(torch.zeros(2, 3, 2), torch.tensor([1.0, 2.0])), (torch.zeros(1, 4, 2), torch.tensor([4.0]))]
    )

    network = Zero()
    score = objective.validate(network)
    assert score.loss == pytest.approx((1 + 4 + 16) / 3)
    assert score.as_metrics("validation") == {"validation/squared_error": score.loss}
    assert network.training
