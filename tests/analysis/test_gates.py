"""The gates of a network against torch's fused modules, hand formulas and forced gates."""

import copy
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit
from sizes import V
from torch import Tensor, nn

from pipeline.analysis.gates import measure
from pipeline.analysis.gradients import gradient_norms, positions_of
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.stack import RecurrentStack
from pipeline.tokens.windows import Window

K, P = 6, 3
GATED = {
    "gru": {"num_layers": 2},
    "lstm": {"num_layers": 2},
    "cloze": {"num_layers": 2, "bidirectional": True},
}
every_gated_model = pytest.mark.parametrize("name", GATED)


@pytest.fixture
def network_of(model):
    """A maker of networks whose gates move: with biases, and weights that count."""

    def make(name: str, **changes: object) -> Network:
        section = model("lstm" if name == "cloze" else name, **GATED.get(name, {}) | changes)
        network, generator = build_language_model(section, V, seed=1), torch.Generator().manual_seed(2)
        for weight in stack_of(network).rnn.parameters():
            weight.data += 0.3 * torch.randn(weight.shape, generator=generator)
        return network.eval()

    return make


def stack_of(network: Network) -> RecurrentStack:
    return network.left if isinstance(network, ClozeModel) else network.stack


def some_window(max_lag: int = K, positions: int = P) -> Window:
    ids = np.random.default_rng(3).integers(0, V, 200).astype(np.uint8)
    return positions_of(ids, V, max_lag, positions)


def layers_of(network: Network) -> list[dict[str, Any]]:
    measured = measure(network, some_window(), K)
    assert measured is not None
    assert json.loads(json.dumps(measured)) == measured
    return measured["layers"]


def silence(network: Network, **biases: float) -> Network:
    """Weights zero, and the input biases of these gates (keep: the second of torch's; write: the first) as given."""
    rnn = stack_of(network).rnn
    for parameter in rnn.parameters():
        parameter.data.zero_()
    for layer in range(rnn.num_layers):
        bias = rnn.get_parameter(f"bias_ih_l{layer}").data.view(-1, rnn.hidden_size)
        for gate, value in biases.items():
            bias[{"write": 0, "keep": 1}[gate]] = value
    return network


def layers_alone(rnn: nn.RNNBase, x: Tensor) -> Iterator[tuple[nn.RNNBase, Tensor, Tensor]]:
    """Each layer as a fused module of its own, with what it reads and the hidden states it gives at all steps."""
    for layer in range(rnn.num_layers):
        alone = (nn.LSTM if isinstance(rnn, nn.LSTM) else nn.GRU)(
            x.shape[2], rnn.hidden_size, batch_first=True, dtype=torch.float64
        )
        for name, weight in alone.named_parameters():
            weight.data = rnn.get_parameter(name.replace("_l0", f"_l{layer}")).data
        h = alone(x)[0].detach()
        yield alone, x, h
        x = h


def keep_and_write(rnn: nn.RNNBase, x: Tensor, h: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """sigmoid(W x_t + W h_{t-1} + b) of whole rows of the weights at once, as numpy has it: (B, T, H) each."""
    before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
    w, u, b, c = (
        getattr(rnn, f"{name}_l0").detach().numpy() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    first, second = np.split(expit(x.numpy() @ w.T + before @ u.T + b + c), len(b) // rnn.hidden_size, axis=2)[:2]
    return second, (first if isinstance(rnn, nn.LSTM) else 1 - second)


@every_gated_model
def test_gates_recomputed_by_hand_from_the_fused_modules_states(network_of, name):
    network, window = network_of(name), some_window()
    measured = layers_of(network)
    double = copy.deepcopy(network).double()
    x = double.embed(torch.from_numpy(window.inputs)).detach()
    for layer, (rnn, inputs, h) in enumerate(layers_alone(stack_of(double).rnn, x)):
        keep, write = (gate[:, K + 1 : 2 * K + 1] for gate in keep_and_write(rnn, inputs, h))
        mine = measured[layer]
        assert mine["mean"] == pytest.approx(keep.mean(), rel=1e-12)
        assert mine["input_gate_mean"] == pytest.approx(write.mean(), rel=1e-12)
        assert mine["share_above_0.9"] == pytest.approx((keep > 0.9).mean())
        assert mine["share_below_0.1"] == pytest.approx((keep < 0.1).mean())
        units = 1 / (1 - np.quantile(keep.mean(axis=(0, 1)), [0.5, 0.95]))
        assert [mine["time_constant_median_unit"], mine["time_constant_p95_unit"]] == pytest.approx(units.tolist())
        products = [keep[:, K - k :].prod(axis=1).mean() for k in range(K + 1)]
        assert mine["products"] == pytest.approx(products, rel=1e-12)
        assert mine["products"][0] == 1
    assert len(measured) == 2


@every_gated_model
def test_a_bias_alone_gives_its_closed_form(network_of, name):
    bias = 1.5
    keep = 1 / (1 + math.exp(-bias))
    for layer in layers_of(silence(network_of(name), keep=bias, write=-bias)):
        for key in ("time_constant", "time_constant_median_unit", "time_constant_p95_unit"):
            assert layer[key] == pytest.approx(1 + math.exp(bias))  # 1 / (1 - sigmoid(b))
        assert layer["products"] == pytest.approx([keep**k for k in range(K + 1)])
        assert layer["input_gate_mean"] == pytest.approx(1 - keep)  # sigmoid(-b), and 1 - z
        assert (layer["share_above_0.9"], layer["share_below_0.1"]) == (0, 0)


@every_gated_model
def test_open_gates_never_forget_and_shut_ones_at_once(network_of, name):
    for layer in layers_of(silence(network_of(name), keep=60.0)):
        assert layer["time_constant"] is None
        assert layer["products"] == [1.0] * (K + 1)
        assert layer["share_above_0.9"] == 1
    for layer in layers_of(silence(network_of(name), keep=-60.0)):
        assert layer["time_constant"] == pytest.approx(1)
        assert layer["products"] == pytest.approx([1.0] + [0.0] * K)
        assert layer["share_below_0.1"] == 1


def test_the_grus_gate_is_the_one_that_keeps_the_state_of_torchs_module(network_of):
    network = silence(network_of("gru"), keep=60.0)
    rnn = stack_of(network).rnn
    start = torch.randn(2, P, rnn.hidden_size, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(rnn(torch.ones(P, K, rnn.input_size), start)[1], start)
    assert [layer["mean"] for layer in layers_of(network)] == [1, 1]


def test_the_product_of_the_gates_is_the_gradient_where_no_other_path_is(network_of):
    """No recurrent weights: dc_t/dc_{t-k} = f_t .. f_{t-k+1}, and dL/dc at lag k is that times dL/dc at t."""
    network = silence(network_of("lstm", num_layers=1), keep=1.5, write=1.5)
    rnn = stack_of(network).rnn
    rnn.get_parameter("bias_ih_l0").data.view(4, -1)[2] = 1.0
    norms, products = gradient_norms(network, some_window(), K, 1)["c"], layers_of(network)[0]
    for (one, next_one), (left, right) in zip(
        pairwise(norms.mean(0)[1:]), pairwise(products["products"]), strict=False
    ):
        assert next_one / one == pytest.approx(right / left)


def test_a_plain_network_has_no_gates(network_of):
    assert measure(network_of("rnn"), some_window(), K) is None


def test_the_network_is_left_as_it_was(network_of):
    network = network_of("gru").train()
    before = copy.deepcopy(network.state_dict())
    measure(network, some_window(), K)
    assert network.training
    assert all(
        weight.dtype == torch.float32 and torch.equal(weight, before[n]) for n, weight in network.state_dict().items()
    )


CHRONO = {"gru": {"chrono_steps": 100}, "lstm": {"chrono_steps": 100, "forget_bias": None}}


@pytest.mark.parametrize("cell", CHRONO)
def test_at_initialisation_the_gates_of_chrono_units_are_those_of_their_biases(model, cell):
    """sigmoid(b) up to what the input moves. E[u / (1 + u)] = 1 - ln(T_max / 2) / (T_max - 2), u ~ U[1, T_max - 1]."""
    network = build_language_model(model(cell, hidden_size=64, **CHRONO[cell]), V, seed=1)
    (layer,) = layers_of(network)
    bias = stack_of(network).rnn.get_parameter("bias_ih_l0").detach().view(-1, 64)[1].numpy()
    median, p95 = 1 / (1 - np.quantile(expit(bias), [0.5, 0.95]))
    assert layer["mean"] == pytest.approx(1 - math.log(50) / 98, abs=0.02)
    assert layer["input_gate_mean"] == pytest.approx(math.log(50) / 98, abs=0.02)
    assert layer["time_constant_median_unit"] == pytest.approx(median, rel=0.25)
    assert layer["time_constant_p95_unit"] == pytest.approx(p95, rel=0.25)


@pytest.mark.parametrize("cell", CHRONO)
def test_at_initialisation_the_gradient_of_a_chrono_network_reaches_further(model, cell):
    window, lag = some_window(50, 8), 50
    tails = []
    for changes in ({}, CHRONO[cell]):
        norms = gradient_norms(build_language_model(model(cell, hidden_size=64, **changes), V, seed=1), window, lag, 1)[
            "joint"
        ]
        tails.append(norms.mean(0)[lag] / norms.mean(0)[0])
    assert tails[1] > 20 * tails[0] > 0
