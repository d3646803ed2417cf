"""Long short-term memory: a second state, c, that is added to and not rewritten."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.cells.rates import by_gates


class LstmGates(NamedTuple):
    """What one step computes from x and h."""

    i: Float[Tensor, "B H"]
    f: Float[Tensor, "B H"]
    g: Float[Tensor, "B H"]
    o: Float[Tensor, "B H"]

    @property
    def keep(self) -> Float[Tensor, "B H"]:
        """The share of the old c that stays."""
        return self.f

    @property
    def write(self) -> Float[Tensor, "B H"]:
        """The share of the candidate that comes in."""
        return self.i

    def update(self, state: tuple[Float[Tensor, "B H"], ...]) -> tuple[Float[Tensor, "B H"], ...]:
        """The state (h, c) that the gates make of the old one."""
        c = self.f * state[1] + self.i * self.g
        return self.o * torch.tanh(c), c


@dataclass(frozen=True)
class LstmCell:
    """One step of `torch.nn.LSTM` over its own weights; the G = 4 H rows of the weights are i, f, g, o.

        i  = sigmoid(W_ii x + b_ii + W_hi h + b_hi)     input gate
        f  = sigmoid(W_if x + b_if + W_hf h + b_hf)     forget gate
        g  = tanh(W_ig x + b_ig + W_hg h + b_hg)        candidate
        o  = sigmoid(W_io x + b_io + W_ho h + b_ho)     output gate
        c' = f * c + i * g
        h' = o * tanh(c')

    f = 1 keeps c, and with it dc'/dc = 1 along c's own path: the constant error carousel.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000; written as Graves
    2013 (arXiv 1308.0850), equations 7 to 11, without the peepholes (no gate sees c), as torch has it.
    """

    weight_ih: Float[Tensor, "G E"]
    weight_hh: Float[Tensor, "G H"]
    bias_ih: Float[Tensor, " G"]
    bias_hh: Float[Tensor, " G"]

    def step(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B H"], ...]:
        """The state (h, c) after reading x."""
        return self.gates(x, state[0]).update(state)

    def gates(self, x: Float[Tensor, "B E"], h: Float[Tensor, "B H"]) -> LstmGates:
        """i, f, g and o."""
        a = x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)
        return LstmGates(torch.sigmoid(a_i), torch.sigmoid(a_f), torch.tanh(a_g), torch.sigmoid(a_o))

    def jacobians(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B 2 H E"], Float[Tensor, "B 2 H 2 H"]]:
        """d(h', c')/dx and d(h', c')/d(h, c), from

            dc' = f dc + c df + g di + i dg
            dh' = o (1 - tanh(c')^2) dc' + tanh(c') do

        The first term is the carousel: the one path without a matrix, and without a nonlinearity.
        """
        i, f, g, o = gates = self.gates(x, state[0])
        t = torch.tanh(gates.update(state)[1])
        passed = o * (1 - t.square())  # of dc' to dh'
        to_c = [g * i * (1 - i), state[1] * f * (1 - f), i * (1 - g.square()), torch.zeros_like(o)]
        to_h = [*(passed * rate for rate in to_c[:3]), t * o * (1 - o)]
        by_x, by_h = (
            torch.stack([by_gates(rates, weight) for rates in (to_h, to_c)], dim=1)
            for weight in (self.weight_ih, self.weight_hh)
        )
        by_c = torch.stack([torch.diag_embed(passed * f), torch.diag_embed(f)], dim=1)
        return by_x, torch.stack([by_h, by_c], dim=3)
