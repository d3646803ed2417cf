"""Jacobians of steps and their products against finite differences of the fused modules, numpy and closed forms."""

import numpy as np
import pytest
import torch
from sizes import E, H
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.analysis.jacobians import (
    RESOLVED,
    of_layers,
    products,
    spectral_radii,
    step_jacobians,
    step_summary,
)
from pipeline.analysis.unroll import step
from pipeline.cells.base import cells_of

LANES = 4
ON, OFF = 50.0, -50.0
MODULES = {
    "rnn": (nn.RNN, 1, {"nonlinearity": "tanh"}),
    "relu": (nn.RNN, 2, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, 2, {}),
    "lstm": (nn.LSTM, 1, {}),
    "deep_lstm": (nn.LSTM, 3, {}),
}
every_module = pytest.mark.parametrize("name", MODULES)


def module(name: str) -> nn.RNNBase:
    """In float64, with weights large enough for every path to count."""
    kind, num_layers, own = MODULES[name]
    rnn = kind(E, H, num_layers=num_layers, batch_first=True, dtype=torch.float64, **own).requires_grad_(False)
    generator = torch.Generator().manual_seed(2)
    for weight in rnn.parameters():
        weight.normal_(std=0.5, generator=generator)
    return rnn


def inputs_and_state(rnn: nn.RNNBase) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    parts = 2 if isinstance(rnn, nn.LSTM) else 1
    x = torch.randn(LANES, E, generator=generator, dtype=torch.float64)
    return x, torch.randn(parts, rnn.num_layers, LANES, H, generator=generator, dtype=torch.float64)


def fused(rnn: nn.RNNBase, x: Tensor, state: Tensor) -> Tensor:
    """One step by torch's own module."""
    if isinstance(rnn, nn.LSTM):
        return torch.stack(rnn(x[:, None], (state[0].contiguous(), state[1].contiguous()))[1])
    return rnn(x[:, None], state[0].contiguous())[1][None]


@every_module
def test_finite_differences_of_the_fused_module(name: str) -> None:
    """A column for each coordinate of (h, c) and of each layer; central differences, exact to their square."""
    rnn, eps = module(name), 1e-5
    x, state = inputs_and_state(rnn)
    expected = torch.empty(LANES, *state[:, :, 0].shape, state[:, :, 0].numel(), dtype=torch.float64)
    for column, at in enumerate(np.ndindex(*state[:, :, 0].shape)):
        nudge = torch.zeros_like(state)
        nudge[at[0], at[1], :, at[2]] = eps
        slope = (fused(rnn, x, state + nudge) - fused(rnn, x, state - nudge)) / (2 * eps)
        expected[..., column] = slope.permute(2, 0, 1, 3)
    actual = step_jacobians(cells_of(rnn), x, state)
    torch.testing.assert_close(actual, expected.flatten(1, 3), rtol=1e-6, atol=1e-9)
    blocks = of_layers(actual, (len(state), rnn.num_layers, H))
    assert (blocks.abs().amax(dim=(2, 3)) > 1e-2).all()


@every_module
def test_layer_by_layer_is_all_layers_at_once(name: str) -> None:
    """Plain autograd through the whole step, a lane at a time."""
    rnn = module(name)
    x, state = inputs_and_state(rnn)
    actual = step_jacobians(cells_of(rnn), x, state)
    for lane in range(LANES):
        one = state[:, :, lane]
        whole = torch.autograd.functional.jacobian(
            lambda s, lane=lane: step(cells_of(rnn), x[lane : lane + 1], s[:, :, None])[:, :, 0], one
        )
        assert isinstance(whole, Tensor)
        torch.testing.assert_close(actual[lane], whole.reshape(one.numel(), -1), rtol=1e-12, atol=1e-14)


def test_a_linear_network_has_its_matrix_as_jacobian() -> None:
    rnn = module("relu")
    with torch.no_grad():
        rnn.get_parameter("bias_ih_l0").fill_(1000.0)
        rnn.get_parameter("bias_ih_l1").fill_(1e6)
    x, state = inputs_and_state(rnn)
    jacobian = step_jacobians(cells_of(rnn), x, state)[0]
    w0, w1, between = (rnn.get_parameter(n) for n in ("weight_hh_l0", "weight_hh_l1", "weight_ih_l1"))
    expected = torch.cat([torch.cat([w0, torch.zeros_like(w0)], 1), torch.cat([between @ w0, w1], 1)])
    torch.testing.assert_close(jacobian, expected, rtol=1e-12, atol=1e-12)


def test_an_open_carousel_has_the_identity_from_c_to_c() -> None:
    """f = 1, i = 0: dc'/dc = I and dc'/dh = 0."""
    rnn = module("lstm")
    with torch.no_grad():
        rnn.get_parameter("bias_ih_l0")[:H] = OFF
        rnn.get_parameter("bias_ih_l0")[H : 2 * H] = ON
    jacobian = step_jacobians(cells_of(rnn), *inputs_and_state(rnn))
    identity = torch.eye(H, dtype=torch.float64).expand(LANES, H, H)
    torch.testing.assert_close(jacobian[:, H:, H:], identity, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(jacobian[:, H:, :H], torch.zeros_like(identity), rtol=0, atol=1e-12)
    assert (jacobian[:, :H, H:].diagonal(dim1=1, dim2=2).abs() > 1e-3).all()  # h' still sees c


def test_the_path_from_c_to_c_is_the_forget_gate() -> None:
    rnn = module("lstm")
    x, state = inputs_and_state(rnn)
    pre = F.linear(x, rnn.get_parameter("weight_ih_l0"), rnn.get_parameter("bias_ih_l0"))
    pre = pre + F.linear(state[0, 0], rnn.get_parameter("weight_hh_l0"), rnn.get_parameter("bias_hh_l0"))
    jacobian = step_jacobians(cells_of(rnn), x, state)
    torch.testing.assert_close(jacobian[:, H:, H:], torch.diag_embed(torch.sigmoid(pre[:, H : 2 * H])))


def test_summary_of_a_step_by_hand() -> None:
    """diag(4, 1/2, 0) and a rotation by 2: eigenvalues and singular values are plain to see."""
    first = torch.diag(torch.tensor([-4.0, 0.5, 0.0], dtype=torch.float64))
    second = 2 * torch.eye(3, dtype=torch.float64).roll(1, dims=0)
    measured = step_summary(torch.stack([first, second]), (1, 1, 3))
    assert measured["sigma_max"] == pytest.approx(3.0)
    assert measured["sigma_median"] == pytest.approx((0.5 + 2) / 2)
    assert measured["sigma_min"] == pytest.approx(1.0)
    assert measured["spectral_radius"] == pytest.approx(3.0)
    assert measured["share_above_1"] == pytest.approx(4 / 6)
    edges, counts = measured["histogram"]["log10_edges"], measured["histogram"]["counts"]
    assert (len(edges), sum(counts)) == (len(counts) + 1, 6)
    assert counts[0] == 1  # the zero
    places = np.digitize(np.log10([4.0, 0.5, 2.0]), edges) - 1
    assert [counts[place] for place in places] == [1, 1, 3]


def test_a_spectral_radius_is_no_singular_value() -> None:
    """A shear stretches by more than 1 and, for all that, goes nowhere in the long run."""
    shear = torch.tensor([[0.5, 8.0], [0.0, 0.5]], dtype=torch.float64)[None]
    assert step_summary(shear, (1, 1, 2))["spectral_radius"] == pytest.approx(0.5)
    assert step_summary(shear, (1, 1, 2))["sigma_max"] > 8


def test_spectral_radii_of_the_blocks_are_those_of_the_whole() -> None:
    rnn = module("deep_lstm")
    jacobians = step_jacobians(cells_of(rnn), *inputs_and_state(rnn))
    whole = np.abs(np.linalg.eigvals(jacobians.numpy())).max(axis=1)
    np.testing.assert_allclose(spectral_radii(jacobians, (2, 3, H)).numpy(), whole, rtol=1e-9)


def test_products_against_numpy() -> None:
    generator = torch.Generator().manual_seed(4)
    jacobians = torch.randn(5, H, H, generator=generator, dtype=torch.float64)
    found = products(jacobians, [1, 2, 4])
    for index, lag in enumerate([1, 2, 4]):
        product = np.linalg.multi_dot([np.eye(H), *jacobians.numpy()[::-1][:lag], np.eye(H)])
        sigma = np.linalg.svd(product, compute_uv=False)
        assert found["sigma_max_root"][index] == pytest.approx(sigma[0] ** (1 / lag))
        assert found["condition"][index] == pytest.approx(np.linalg.cond(product), rel=1e-6)
        assert found["effective_rank"][index] == pytest.approx(sigma.sum() ** 2 / (sigma**2).sum())


def test_products_of_one_matrix_are_its_powers_even_where_they_underflow() -> None:
    """0.001^200 is 1e-600, beyond float64; the root and the condition do not care."""
    matrix = torch.diag(torch.tensor([1e-3, 0.9e-3], dtype=torch.float64))
    found = products(matrix.expand(200, 2, 2), [1, 200])
    assert found["sigma_max_root"] == pytest.approx([1e-3, 1e-3])
    assert found["condition"] == pytest.approx([1 / 0.9, (1 / 0.9) ** 200])


def test_a_condition_beyond_float64_is_not_told() -> None:
    matrix = torch.diag(torch.tensor([1.0, 0.1], dtype=torch.float64)).expand(20, 2, 2)
    below, above = (products(matrix, [lag])["condition"][0] for lag in (12, 14))
    assert below == pytest.approx(1e12)
    assert below < RESOLVED
    assert above is None


def test_products_that_die_out() -> None:
    found = products(torch.zeros(2, 3, 3, dtype=torch.float64), [1, 2])
    assert found["sigma_max_root"] == [0.0, 0.0]
    assert found["condition"] == found["effective_rank"] == [None, None]


def test_orthogonal_steps_keep_everything() -> None:
    generator = torch.Generator().manual_seed(4)
    rotations, _ = torch.linalg.qr(torch.randn(9, H, H, generator=generator, dtype=torch.float64))
    found = products(rotations, [1, 3, 9])
    assert found["sigma_max_root"] == pytest.approx([1.0] * 3)
    assert found["condition"] == pytest.approx([1.0] * 3)
    assert found["effective_rank"] == pytest.approx([H] * 3)
