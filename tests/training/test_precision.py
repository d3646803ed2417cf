"""Trainings in bfloat16, which torch emulates where the processor does not have it: slow, but the same numbers."""

import numpy as np
import pytest
import torch
from sizes import B, E, T, V

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Split
from pipeline.networks.build import build_language_model, build_regressor
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.training.learner import Learner
from pipeline.training.precision import check_precision
from pipeline.training.supervised import LeastSquares, squared_error

from .fitting import STREAM, UNITS, objective, place, split, train

CPU = torch.device("cpu")
EPSILON = torch.finfo(torch.bfloat16).eps


@pytest.fixture
def has_bfloat16(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


def first_step(network, precision):
    """The loss of the first batch, and the gradients by all weights."""
    learner = Learner(
        network, objective(), learning_rate=0.01, weight_decay=0.0, max_grad_norm=None, precision=precision
    )
    step = learner.learn(next(learner.objective.batches(0)), CPU, torch.Tensor.backward)
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return step.loss, torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_step_in_bfloat16_is_that_in_float32_but_for_rounding(model, cell, bidirectional):
    section = model(cell, num_layers=2, bidirectional=bidirectional)
    (exact, gradient), (rounded, near) = (
        first_step(build_language_model(section, V, seed=1), precision) for precision in ("float32", "bfloat16")
    )
    assert 0 < abs(rounded - exact) < 2 * EPSILON * exact
    assert near.dtype == torch.float32
    assert 0 < float((near - gradient).norm()) < 5 * EPSILON * float(gradient.norm())


def test_a_squared_error_is_taken_in_float32(model, generator):
    frames, numbers = torch.rand(B, T, E, generator=generator).numpy(), torch.rand(B, generator=generator).numpy() + 100
    examples = Split(list(frames), list(map(np.array, numbers)))
    data = LeastSquares(examples, examples, squared_error, epochs=1, batch_size=B, seed=1)
    network = build_regressor(model("lstm"), E, seed=1)
    learner = Learner(network, data, learning_rate=0.1, weight_decay=0.0, max_grad_norm=None, precision="bfloat16")
    step = learner.learn(next(data.batches(0)), CPU, torch.Tensor.backward)
    exact = data.validate(build_regressor(model("lstm"), E, seed=1))
    assert step.loss == pytest.approx(exact.summed, rel=EPSILON / 10)


def test_the_network_learns_in_bfloat16_and_is_scored_in_float32(model, has_bfloat16):
    network = build_language_model(model("lstm"), V, seed=1)
    seen = set()
    network.readout.register_forward_hook(lambda module, given, logits: seen.add((module.training, logits.dtype)))
    trained = train(network, precision="bfloat16", num_validations=1)
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}
    assert {weight.dtype for weight in network.state_dict().values()} == {torch.float32}
    nats, tokens = nats_of(network, evaluation_windows(split(2).ids, V, "stream", 3))
    assert trained.history[-1].metrics["validation/nats_per_token"] == pytest.approx(nats / tokens, rel=1e-9)


@pytest.mark.parametrize("batching", [STREAM, UNITS], ids=["stream", "units"])
def test_a_training_in_bfloat16_goes_on_to_the_same_bytes(model, tmp_path, has_bfloat16, batching):
    class Killed(BaseException):
        pass

    def killed_after_step_9(rows) -> None:
        if rows[0].step >= 9:
            raise Killed

    whole, broken, again = (build_language_model(model("lstm"), V, seed=1) for _ in range(3))
    settings = {"precision": "bfloat16", "log_every_steps": 1}
    expected = train(whole, objective(**batching), **settings, resume=place(tmp_path / "whole"))
    with pytest.raises(Killed):
        train(broken, objective(**batching), **settings, live=killed_after_step_9, resume=place(tmp_path / "broken"))
    assert train(again, objective(**batching), **settings, resume=place(tmp_path / "broken")) == expected
    for name, weight in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)
    assert np.isfinite(expected.grad_norms).all()


def test_a_processor_that_would_emulate_it_is_one_sentence(monkeypatch, model):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_f": True, "avx512_bf16": False})
    with pytest.raises(PipelineError) as error:
        train(build_language_model(model("lstm"), V, seed=1), precision="bfloat16")
    assert str(error.value) == (
        "params.yaml: runtime.precision: bfloat16 needs a GPU that multiplies it, or a CPU with AVX512_BF16, AMX or "
        "ARM's BF16 (got a CPU without); set float32"
    )
    check_precision("float32", "cpu")


@pytest.mark.parametrize("has", [False, True])
def test_the_gpu_is_asked_where_it_learns(monkeypatch, has):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has and not including_emulation)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": not has})
    for accelerator, works in (("auto", has), ("gpu", has), ("cpu", not has)):
        if works:
            check_precision("bfloat16", accelerator)
        else:
            with pytest.raises(PipelineError, match=r"got a .PU without"):
                check_precision("bfloat16", accelerator)
