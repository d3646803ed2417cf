"""Adding: the sequences, their floor, and a regressor against plain torch."""

import math

import pytest
import torch
from sizes import B, H, T
from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.base.resume import Resume
from pipeline.memory.adding import SQUARED_ERROR_WITHOUT_MEMORY, TOLERANCE, batches, sequences, sums_answered
from pipeline.memory.regression import Regressor, fit_regressor
from pipeline.networks.build import build_language_model


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

    def forward(self, x):
        return (x[..., 0] * x[..., 1]).sum(1)


class One(Adder):
    def forward(self, x):
        return torch.ones(len(x))


def test_an_adder_is_right_at_no_cost_and_a_constant_by_chance(generator):
    given = sums_answered(Adder(), [5, 9], 150, generator)
    assert [a.distance for a in given] == [5] * 150 + [9] * 150
    assert all(a.right and a.cost < 1e-12 for a in given)
    given = sums_answered(One(), [5], 4000, generator)
    chance = 1 - (1 - TOLERANCE) ** 2  # |u + v - 1| < e
    assert sum(a.right for a in given) / 4000 == pytest.approx(chance, abs=0.02)
    assert sum(a.cost for a in given) / 4000 == pytest.approx(1 / 6, abs=0.02)


def read_out(network: Regressor, features: torch.Tensor) -> torch.Tensor:
    weight, bias = network.readout.parameters()
    return features @ weight[0] + bias


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_regressor_is_torchs_network_and_a_linear_readout(model, cell, generator):
    network = Regressor(model(cell, num_layers=2), 2, seed=1)
    plain = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](2, H, num_layers=2, batch_first=True)
    plain.load_state_dict(network.stacks[0].get_submodule("rnn").state_dict())
    x = torch.rand(B, T, 2, generator=generator)
    assert torch.allclose(network(x), read_out(network, plain(x)[0][:, -1]))


def test_both_directions_end_in_states_of_their_own(model, generator):
    network = Regressor(model("gru", bidirectional=True), 2, seed=1)
    left, right = network.stacks
    x = torch.rand(B, T, 2, generator=generator)
    ends = torch.cat([left(x)[0][:, -1], right(x.flip(1))[0][:, -1]], dim=1)
    assert torch.allclose(network(x), read_out(network, ends))


def test_weights_start_as_those_of_the_models(model):
    section = model("lstm")
    weights = build_language_model(section.model_copy(update={"embedding_size": 2}), 1, seed=4).state_dict()
    for name, weight in Regressor(section, 2, seed=4).stacks[0].state_dict().items():
        assert torch.equal(weight, weights[f"stack.{name}"])


def test_batches_end_with_the_budget_and_repeat_with_the_seed():
    first, again, other = (list(batches([5, 9], 4, 300, seed)) for seed in (1, 1, 2))
    steps = [inputs.shape[0] * inputs.shape[1] for inputs, _ in first]
    assert sum(steps) >= 300 > sum(steps[:-1])
    assert {inputs.shape for inputs, _ in first} == {(4, 5, 2), (4, 9, 2)}
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0][1], other[0][1])


def settings(**changes):
    return {"learning_rate": 0.02, "weight_decay": 0.1, "max_grad_norm": 0.5, "log_every_steps": 2} | changes


def test_a_training_is_the_bare_loop(model):
    data = list(batches([5], 4, 100, seed=1))
    network, bare = (Regressor(model("gru"), 2, seed=1) for _ in range(2))
    rows = fit_regressor(network, data, **settings())
    optimizer = torch.optim.AdamW(bare.parameters(), 0.02, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=6, cycle_momentum=False)
    losses = []
    for x, y in data:
        optimizer.zero_grad()
        loss = ((bare(x) - y) ** 2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(bare.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    for one, other in zip(network.parameters(), bare.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert [row.step for row in rows] == [2, 4, 5]
    means = [sum(losses[:2]) / 2, sum(losses[2:4]) / 2, losses[4]]
    assert [row.metrics["train/squared_error"] for row in rows] == pytest.approx(means, rel=1e-5)


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_training_that_is_killed_goes_on_to_the_same_weights(model, tmp_path, monkeypatch, step):
    """Killed right after a state was saved; dropout between the layers draws on."""
    data = list(batches([5], 4, 100, seed=1))
    section = model("lstm", num_layers=2, dropout=0.3)

    def fitted(folder) -> tuple[Regressor, list]:
        torch.manual_seed(1)
        network, resume = Regressor(section, 2, seed=1), Resume(tmp_path / folder, "key", every_seconds=0.0)
        return network, fit_regressor(network, data, **settings(), resume=resume)

    whole, expected = fitted("whole")
    save = Resume.save
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr(Resume, "save", lambda self, at, state: save(self, at, state) or killed_at(at, step))
        fitted("broken")
    again, rows = fitted("broken")
    assert rows == expected
    for one, other in zip(again.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


def killed_at(at: int, step: int) -> None:
    if at == step:
        raise KeyboardInterrupt


def test_a_loss_that_is_not_finite_ends_the_training(model):
    inputs, sums = next(batches([5], 4, 20, seed=1))
    with pytest.raises(PipelineError, match=r"training step 1: the loss stays finite \(got inf\)"):
        fit_regressor(Regressor(model("rnn"), 2, seed=1), [(inputs, sums + math.inf)], **settings(max_grad_norm=None))
