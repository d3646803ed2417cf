"""Each cell against a naive one with named gate slices, and what each gate means.

Equality with torch cannot see two gates that changed their names; the meaning of a gate can.
"""

from collections.abc import Callable
from math import exp, tanh
from typing import Literal

import pytest
import torch
from torch import Tensor

from pipeline.cells.gru import GruCell
from pipeline.cells.lstm import LstmCell
from pipeline.cells.rnn import RnnCell

B, E, H = 2, 5, 7
ON, OFF = 50.0, -50.0


def draw(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights(gates: int) -> dict[str, Tensor]:
    return {
        "weight_ih": draw(gates * H, E, seed=1),
        "weight_hh": draw(gates * H, H, seed=2),
        "bias_ih": draw(gates * H, seed=3),
        "bias_hh": draw(gates * H, seed=4),
    }


def gate_biases(gates: int, biases: dict[int, float]) -> dict[str, Tensor]:
    """Drawn weights, with the input bias of some gates (by position) so large that it alone decides."""
    drawn = weights(gates)
    for gate, bias in biases.items():
        drawn["bias_ih"][gate * H : (gate + 1) * H] = bias
    return drawn


def sigmoid(a: float) -> float:
    return 1 / (1 + exp(-a))


class Naive:
    """Pre-activations one number at a time, from the weights' own rows."""

    def __init__(self, given: dict[str, Tensor], x: Tensor, h: Tensor) -> None:
        self.given, self.x, self.h = given, x.tolist(), h.tolist()

    def from_x(self, lane: int, row: int) -> float:
        weight, bias = self.given["weight_ih"].tolist()[row], self.given["bias_ih"].tolist()[row]
        return sum(w * x for w, x in zip(weight, self.x[lane], strict=True)) + bias

    def from_h(self, lane: int, row: int) -> float:
        weight, bias = self.given["weight_hh"].tolist()[row], self.given["bias_hh"].tolist()[row]
        return sum(w * h for w, h in zip(weight, self.h[lane], strict=True)) + bias

    def both(self, lane: int, row: int) -> float:
        return self.from_x(lane, row) + self.from_h(lane, row)


@pytest.mark.parametrize(("nonlinearity", "function"), [("tanh", tanh), ("relu", lambda a: max(a, 0.0))])
def test_rnn_equals_the_naive_one(nonlinearity: Literal["tanh", "relu"], function: Callable[[float], float]) -> None:
    x, h, given = draw(B, E, seed=5), draw(B, H, seed=6), weights(1)
    naive = Naive(given, x, h)
    expected = [[function(naive.both(lane, j)) for j in range(H)] for lane in range(B)]
    (actual,) = RnnCell(**given, nonlinearity=nonlinearity).step(x, (h,))
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12)


def test_gru_equals_the_naive_one() -> None:
    x, h, given = draw(B, E, seed=5), draw(B, H, seed=6), weights(3)
    naive, expected = Naive(given, x, h), torch.empty(B, H, dtype=torch.float64)
    for lane in range(B):
        for j in range(H):
            r, z = sigmoid(naive.both(lane, j)), sigmoid(naive.both(lane, H + j))
            n = tanh(naive.from_x(lane, 2 * H + j) + r * naive.from_h(lane, 2 * H + j))
            expected[lane, j] = (1 - z) * n + z * h[lane, j]
    (actual,) = GruCell(**given).step(x, (h,))
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_lstm_equals_the_naive_one() -> None:
    x, h, c, given = draw(B, E, seed=5), draw(B, H, seed=6), draw(B, H, seed=7), weights(4)
    naive, expected_h, expected_c = Naive(given, x, h), torch.empty_like(h), torch.empty_like(c)
    for lane in range(B):
        for j in range(H):
            i, f, g, o = (naive.both(lane, gate * H + j) for gate in range(4))
            new = sigmoid(f) * float(c[lane, j]) + sigmoid(i) * tanh(g)
            expected_c[lane, j], expected_h[lane, j] = new, sigmoid(o) * tanh(new)
    actual = LstmCell(**given).step(x, (h, c))
    torch.testing.assert_close(actual, (expected_h, expected_c), rtol=0, atol=1e-12)


def test_an_open_forget_gate_and_a_closed_input_gate_keep_c() -> None:
    x, h, c = draw(B, E, seed=5), draw(B, H, seed=6), draw(B, H, seed=7)
    _, kept = LstmCell(**gate_biases(4, {0: OFF, 1: ON})).step(x, (h, c))
    torch.testing.assert_close(kept, c, rtol=0, atol=1e-12)


def test_a_closed_forget_gate_forgets_c() -> None:
    x, h, c = draw(B, E, seed=5), draw(B, H, seed=6), draw(B, H, seed=7)
    cell = LstmCell(**gate_biases(4, {1: OFF}))
    torch.testing.assert_close(cell.step(x, (h, c)), cell.step(x, (h, c + 1)), rtol=0, atol=1e-12)


def test_an_open_input_gate_adds_the_candidate() -> None:
    """i = 1, g = 1: c grows by one, as a counter does."""
    x, h, c = draw(B, E, seed=5), draw(B, H, seed=6), draw(B, H, seed=7)
    _, counted = LstmCell(**gate_biases(4, {0: ON, 1: ON, 2: ON})).step(x, (h, c))
    torch.testing.assert_close(counted, c + 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("bias", "shown"), [(ON, 1.0), (OFF, 0.0)])
def test_the_output_gate_shows_or_hides_c(bias: float, shown: float) -> None:
    x, h, c = draw(B, E, seed=5), draw(B, H, seed=6), draw(B, H, seed=7)
    new_h, new_c = LstmCell(**gate_biases(4, {3: bias})).step(x, (h, c))
    torch.testing.assert_close(new_h, shown * torch.tanh(new_c), rtol=0, atol=1e-12)


def test_an_open_update_gate_keeps_h() -> None:
    x, h = draw(B, E, seed=5), draw(B, H, seed=6)
    (kept,) = GruCell(**gate_biases(3, {1: ON})).step(x, (h,))
    torch.testing.assert_close(kept, h, rtol=0, atol=1e-12)


def test_a_closed_reset_and_update_gate_forget_h() -> None:
    x, h = draw(B, E, seed=5), draw(B, H, seed=6)
    cell = GruCell(**gate_biases(3, {0: OFF, 1: OFF}))
    torch.testing.assert_close(cell.step(x, (h,)), cell.step(x, (h + 1,)), rtol=0, atol=1e-12)


def test_an_open_reset_gate_uses_h() -> None:
    x, h = draw(B, E, seed=5), draw(B, H, seed=6)
    given = gate_biases(3, {0: ON, 1: OFF})
    (actual,) = GruCell(**given).step(x, (h,))
    w_ih, w_hh, b_ih, b_hh = (given[name][-H:] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    torch.testing.assert_close(actual, torch.tanh(x @ w_ih.T + h @ w_hh.T + b_ih + b_hh), rtol=0, atol=1e-12)
