"""Long short-term memory: a second state, c, that is added to and not rewritten."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


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
        h, c = state
        a = x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)
        i, f, g, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.tanh(a_g), torch.sigmoid(a_o)
        c = f * c + i * g
        return o * torch.tanh(c), c
