"""A training that is killed or interrupted, and one that goes on."""

import signal
from unittest.mock import Mock

import pytest
import torch
from sizes import V

from pipeline.networks.build import build_language_model
from pipeline.networks.evaluation import summed_nats

from .fitting import STREAM, UNITS, objective, place, train


class Killed(BaseException):
    """What ends a training in the middle: nothing of ours handles it."""


def killed_after(step: int):
    """A `live` that ends the training with the first row of this step or a later one."""

    def live(rows) -> None:
        if rows[0].step >= step:
            raise Killed

    return live


@pytest.mark.parametrize("step", [1, 9, 10, 11, 20])
@pytest.mark.parametrize(
    ("cell", "batching", "shape"),
    [
        ("rnn", STREAM, {"bidirectional": True}),
        ("gru", UNITS, {}),
        ("lstm", STREAM, {"num_layers": 2, "dropout": 0.3}),
    ],
    ids=["rnn", "gru", "lstm"],
)
@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_bytes(model, tmp_path, step, cell, batching, shape):
    """Dropout draws on, the optimiser, the schedule, the state and the data go on, and no row comes twice."""
    whole, broken = (build_language_model(model(cell, **shape), V, seed=1) for _ in range(2))
    expected = train(whole, objective(**batching), log_every_steps=1, resume=place(tmp_path / "whole"))
    with pytest.raises(Killed):
        train_killed(broken, batching, tmp_path / "broken", step)
    again = build_language_model(model(cell, **shape), V, seed=1)
    assert train(again, objective(**batching), log_every_steps=1, resume=place(tmp_path / "broken")) == expected
    for name, weight in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)
    for path in (tmp_path / "whole/files").iterdir():
        assert (tmp_path / "broken/files" / path.name).read_bytes() == path.read_bytes()


def train_killed(network, batching, folder, step) -> None:
    train(network, objective(**batching), log_every_steps=1, live=killed_after(step), resume=place(folder))


def test_a_training_that_goes_on_shows_what_was_before_and_learns_from_no_window_twice(model, tmp_path, monkeypatch):
    with pytest.raises(Killed):
        train(build_language_model(model("gru"), V, seed=1), live=killed_after(12), resume=place(tmp_path))
    learned, shown = [], []
    monkeypatch.setattr(
        "pipeline.training.language_modelling.summed_nats",
        lambda logits, targets: learned.append(targets) or summed_nats(logits, targets),
    )
    trained = train(build_language_model(model("gru"), V, seed=1), live=shown.extend, resume=place(tmp_path))
    assert len(learned) == 20 - 11  # the row of step 12 ended it before its state was saved
    assert [row for row in shown if "time/seconds" not in row.metrics] == list(trained.history)


def test_a_finished_training_has_nothing_left_to_do(model, tmp_path, monkeypatch):
    first = train(build_language_model(model("gru"), V, seed=1), resume=place(tmp_path))
    monkeypatch.setattr("pipeline.training.fit.run", lambda *_: pytest.fail("nothing is left"))
    assert train(build_language_model(model("gru"), V, seed=1), resume=place(tmp_path)) == first


def test_ctrl_c_stays_ctrl_c(model):
    """Lightning would make an exit with 1 of it, and MLflow would hear of a failure."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(build_language_model(model("rnn"), V, seed=1), live=Mock(side_effect=KeyboardInterrupt))
    finally:
        signal.signal(signal.SIGINT, handler)
