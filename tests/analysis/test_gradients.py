"""The gradient by lag against closed forms, finite differences and ordinary backpropagation through time."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.analysis.gradients import curves, gradient_norms, positions_of, side_curves, state_gradients
from pipeline.base.errors import ArtifactError
from pipeline.cells.base import cells_of
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.language_model import LanguageModel

from .gradient_networks import (
    MODELS,
    H,
    K,
    P,
    V,
    every_model,
    linear_network,
    losses,
    network_of,
    some_window,
    stack_of,
    tensors,
    weight_of,
)

ON, OFF = 50.0, -50.0
TEXT = Path(__file__).parents[2] / "../shared/data/lm/tinyshakespeare.txt"


def losses_after_a_nudge(
    network: Network, inputs: Tensor, targets: Tensor, lag: int, part: int, layer: int, nudge: Tensor
) -> Tensor:
    """L_t of each lane by the fused modules alone, the state at t - lag being moved by `nudge` on the way."""
    t, stack = inputs.shape[1] - 1 - K, stack_of(network)
    _, state = stack(network.embed(inputs[:, : t - lag + 1]))
    state = tuple(value.clone() for value in state)
    state[part][layer] += nudge
    later = network.embed(inputs[:, t - lag + 1 : t + 1])
    return losses(network, stack(later, state)[0][:, -1] if lag else state[0][-1], targets)


@every_model
def test_finite_differences(name: str) -> None:
    """Every entry of dL_t/ds_{t-k}: all lags, both parts, all layers, all lanes; H nudges at once, a lane each."""
    network, (inputs, targets) = network_of(name), tensors(some_window())
    actual, eps = state_gradients(network, inputs, targets, K), 1e-5
    many = inputs.repeat(H, 1), targets.repeat(H, 1)
    nudges = eps * torch.eye(H, dtype=torch.float64).repeat_interleave(P, dim=0)  # (H P, H)
    expected = torch.empty_like(actual)
    with torch.no_grad():
        for lag, part, layer in np.ndindex(*actual.shape[:3]):
            up = losses_after_a_nudge(network, *many, lag, part, layer, nudges)
            down = losses_after_a_nudge(network, *many, lag, part, layer, -nudges)
            expected[lag, part, layer] = ((up - down) / (2 * eps)).view(H, P).T
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-10)
    assert (actual.abs().amax(dim=(2, 3, 4))[1:] > 1e-6).all()  # no lag and no part agrees by being zero


@every_model
def test_contributions_of_all_lags_add_up_to_backpropagation_through_time(name: str) -> None:
    """Pascanu et al. 2013, eq. 3-5: dL_t/db = sum over k of (dL_t/ds_{t-k}) (the direct effect of b on s_{t-k}).

    The direct effect of the lowest layer's input bias at one step alone, by autograd through one step of the cells;
    the whole, by autograd through the fused module from the state at t - K on.
    """
    network, (inputs, targets) = network_of(name), tensors(some_window(positions=1))
    t, stack = inputs.shape[1] - 1 - K, stack_of(network)
    gradients, bias = state_gradients(network, inputs, targets, K), weight_of(network, "bias_ih")
    with torch.no_grad():
        start = stack(network.embed(inputs[:, : t - K + 1]))[1]
    total, state = torch.zeros_like(bias), start
    for lag in range(K - 1, -1, -1):
        x, layers = network.embed(inputs[:, t - lag]), []
        for layer, cell in enumerate(cells_of(stack.rnn)):
            layers.append(cell.step(x, tuple(part[layer] for part in state)))
            x = layers[-1][0]
        after = tuple(torch.stack(parts) for parts in zip(*layers, strict=True))
        total += torch.autograd.grad((torch.stack(after) * gradients[lag]).sum(), bias)[0]
        state = tuple(part.detach() for part in after)
    h = stack(network.embed(inputs[:, t - K + 1 : t + 1]), start)[0][:, -1]
    (whole,) = torch.autograd.grad(losses(network, h, targets).sum(), bias)
    torch.testing.assert_close(total, whole, rtol=1e-9, atol=1e-12)
    assert total.abs().max() > 1e-4


def test_a_linear_network_gives_powers_of_its_matrix() -> None:
    """g_k = ||(W^T)^k v||, v = dL_t/dh_t = W_out^T (p - y)."""
    recurrent = 0.1 * torch.rand(H, H, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    network, window = linear_network(recurrent), some_window()
    inputs, targets = tensors(window)
    with torch.no_grad():
        logits = network(inputs)[0][:, 2 * K]
        v = (logits.softmax(1) - F.one_hot(targets[:, 2 * K], V)) @ network.get_parameter("readout.weight")
    expected = [torch.linalg.vector_norm(v @ torch.linalg.matrix_power(recurrent, k), dim=1) for k in range(K + 1)]
    norms = gradient_norms(network, window, K, 1)
    np.testing.assert_allclose(norms["joint"], torch.stack(expected, dim=1).numpy(), rtol=1e-9)
    np.testing.assert_array_equal(norms["joint"], norms["h"])
    assert set(norms) == {"joint", "h"}


def test_a_scaled_rotation_has_the_slope_of_its_scale() -> None:
    """W = a Q with Q orthogonal: g_k = a^k g_0, the half-life is ln 2 / -ln a, and a = 1 neither fades nor grows."""
    rotation = torch.eye(H, dtype=torch.float64).roll(1, dims=0)  # a permutation: keeps positive states positive
    for scale in (0.9, 1.0, 1.1):
        joint = curves(linear_network(scale * rotation), some_window(), K, 1, "some")["joint"]
        np.testing.assert_allclose(joint["relative"], scale ** np.arange(K + 1), rtol=1e-9)
        assert joint["slope"] == pytest.approx(math.log(scale), abs=1e-9)
    faded = curves(linear_network(0.9 * rotation), some_window(), K, 1, "some")["joint"]
    assert faded["half_life"] == pytest.approx(math.log(2) / -math.log(0.9))
    assert faded["r_squared"] == pytest.approx(1.0)


def test_an_open_carousel_carries_the_gradient_of_c_unchanged() -> None:
    """f = 1, i = 0: c' = c whatever h is, so dc'/dc = I, and the gradient of c is the same at every lag but 0.

    c stays at its start, zero, where tanh has slope 1: dL_t/dc = (W_out^T (p - y)) o, with o the output gate at t.
    """
    network = network_of("lstm")
    assert isinstance(network, LanguageModel)
    with torch.no_grad():
        weight_of(network, "bias_ih")[:H] = OFF
        weight_of(network, "bias_ih")[H : 2 * H] = ON
    window = some_window()
    inputs, targets = tensors(window)
    with torch.no_grad():
        logits = network(inputs)[0][:, 2 * K]
        v = (logits.softmax(1) - F.one_hot(targets[:, 2 * K], V)) @ network.get_parameter("readout.weight")
        x = network.embed(inputs[:, 2 * K])
        pre = x @ weight_of(network, "weight_ih").T + weight_of(network, "bias_ih") + weight_of(network, "bias_hh")
        expected = torch.linalg.vector_norm(v * torch.sigmoid(pre[:, 3 * H :]), dim=1).numpy()  # h is zero as well
    by_c = gradient_norms(network, window, K, 1)["c"]
    np.testing.assert_array_equal(by_c[:, 0], 0)
    np.testing.assert_allclose(by_c[:, 1:], np.repeat(expected[:, None], K, axis=1), rtol=1e-9)


def test_the_joint_norm_holds_every_part() -> None:
    norms = gradient_norms(network_of("deep_lstm"), some_window(), K, 1)
    assert list(norms) == ["joint", "h", "c", "layer_1", "layer_2"]
    np.testing.assert_allclose(norms["joint"] ** 2, norms["h"] ** 2 + norms["c"] ** 2, rtol=1e-12)
    np.testing.assert_allclose(norms["joint"] ** 2, norms["layer_1"] ** 2 + norms["layer_2"] ** 2, rtol=1e-12)


def test_a_lower_layer_is_felt_one_step_later() -> None:
    """At lag 0 the readout sees the top layer alone, so the curve of the lowest starts at lag 1."""
    window = some_window()
    norms = gradient_norms(network_of("deep_lstm"), window, K, 1)
    np.testing.assert_array_equal(norms["layer_1"][:, 0], 0)
    assert (norms["layer_2"][:, 0] > 0).all()
    measured = side_curves(network_of("deep_lstm"), window, K, 1, "some")
    assert (measured["layer_1"]["first_lag"], measured["layer_2"]["first_lag"]) == (1, 0)
    assert measured["layer_1"]["relative"][1] == 1.0


def test_finite_differences_of_the_right_side() -> None:
    """dL_t by the right state after y_{t+k}, by the fused modules: read the rest from a state that was nudged."""
    network, (inputs, targets) = network_of("cloze"), tensors(some_window())
    assert isinstance(network, ClozeModel)
    actual, eps, t = state_gradients(network, inputs, targets, K, "right"), 1e-5, 2 * K
    read = network.right_inputs(targets[:, t:])  # begin, y_{t+K}, .., y_{t+1}
    assert read[:, 1:].tolist() == [[V if y == 0 else y for y in row] for row in targets[:, t + 1 :].flip(1).tolist()]

    def loss(lag: int, part: int, layer: int, nudge: Tensor) -> Tensor:
        with torch.no_grad():
            left = network.left(network.embed(inputs[:, : t + 1]))[0][:, -1]
            h, state = network.right(network.embed(read[:, : K + 1 - lag]))
            state = tuple(value.clone() for value in state)
            state[part][layer] += nudge
            h = network.right(network.embed(read[:, K + 1 - lag :]), state)[0][:, -1] if lag else state[0][-1]
            return F.cross_entropy(
                network.readout(torch.cat([left, h], 1)[:, None])[:, 0], targets[:, t], reduction="none"
            )

    for lag, part, layer in np.ndindex(*actual.shape[:3]):
        for unit in range(0, H, 3):
            nudge = eps * F.one_hot(torch.tensor(unit), H).double()
            expected = (loss(lag, part, layer, nudge) - loss(lag, part, layer, -nudge)) / (2 * eps)
            torch.testing.assert_close(actual[lag, part, layer, :, unit], expected, rtol=1e-5, atol=1e-9)
    assert (actual.abs().amax(dim=(2, 3, 4))[1:] > 1e-6).all()
    measured = curves(network, some_window(), K, 1, "some")["right"]
    assert set(measured) == {"joint", "h", "c", "layer_1", "layer_2", "omega"}


def test_chunks_of_lanes_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    network, window = network_of("lstm"), some_window(positions=5)
    whole = gradient_norms(network, window, K, 1)["joint"]
    monkeypatch.setattr("pipeline.analysis.gradients.LANES", 2)
    one, two = (gradient_norms(network, window, K, threads)["joint"] for threads in (1, 2))
    np.testing.assert_allclose(one, whole, rtol=1e-12)
    np.testing.assert_array_equal(one, two)


def test_the_network_is_left_as_it_was() -> None:
    network = build_language_model(MODELS["lstm"], V, seed=1).train()
    before = copy.deepcopy(network.state_dict())
    gradient_norms(network, some_window(), K, 1)
    assert network.training
    for name, weight in network.state_dict().items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, before[name])
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())


def test_float64_sees_tails_that_float32_loses() -> None:
    """W = 1e-4 I over 6 steps: 1e-24 g_0, whose square is beyond float32."""
    network = linear_network(1e-4 * torch.eye(H, dtype=torch.float64)).float()
    joint = curves(network, some_window(), K, 1, "some")["joint"]
    np.testing.assert_allclose(joint["relative"], 1e-4 ** np.arange(K + 1.0), rtol=1e-5)


def test_a_diverged_network_is_an_error() -> None:
    network = build_language_model(MODELS["lstm"], V, seed=1)
    next(network.parameters()).data.fill_(float("nan"))
    with pytest.raises(ArtifactError, match="trained network: the norms of the gradient by joint are finite"):
        curves(network, some_window(), K, 1, "trained")


def test_real_text_an_lstm_reaches_further_than_a_plain_network() -> None:
    """At initialisation on real characters; orders of magnitude, not digits."""
    if not TEXT.exists():
        pytest.skip(f"no {TEXT.name} beside the repository")
    text = TEXT.read_text(encoding="ascii")[:4000]
    characters = "\n" + "".join(sorted(set(text) - {"\n"}))
    ids = np.array([characters.index(character) for character in text], dtype=np.uint8)
    window = positions_of(ids, len(characters), 30, 16)
    tails = {}
    for name in ("rnn", "lstm"):
        larger = MODELS[name].model_copy(update={"hidden_size": 64, "embedding_size": 32})
        tails[name] = curves(build_language_model(larger, len(characters), seed=1), window, 30, 1, name)["joint"][
            "relative"
        ][-1]
    assert tails["lstm"] > 10 * tails["rnn"] > 0
