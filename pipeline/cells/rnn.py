"""The plain recurrent cell: the whole state is rewritten at each step."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class RnnCell:
    """One step of `torch.nn.RNN` over its own weights.

        h' = tanh(W_ih x + b_ih + W_hh h + b_hh)      or relu in place of tanh

    The way back of a gradient is dh'/dh = diag(1 - h'^2) W_hh: a product with the same matrix at every step.

    Source: Elman 1990; Goodfellow, Bengio and Courville 2016, equations 10.8 and 10.9. relu: Le, Jaitly and
    Hinton 2015. torch keeps two biases, which are one in effect.
    """

    weight_ih: Float[Tensor, "H E"]
    weight_hh: Float[Tensor, "H H"]
    bias_ih: Float[Tensor, " H"]
    bias_hh: Float[Tensor, " H"]
    nonlinearity: Literal["tanh", "relu"]

    def step(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B H"], ...]:
        """The state (h,) after reading x."""
        (h,) = state
        a = x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh
        return (torch.tanh(a) if self.nonlinearity == "tanh" else torch.relu(a),)

    def jacobians(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B 1 H E"], Float[Tensor, "B 1 H 1 H"]]:
        """dh'/dx = diag(s) W_ih and dh'/dh = diag(s) W_hh, s being the nonlinearity's slope (relu at 0: 0)."""
        (h,) = self.step(x, state)
        slope = (1 - h.square() if self.nonlinearity == "tanh" else (h > 0).to(h.dtype))[:, :, None]
        return (slope * self.weight_ih)[:, None], (slope * self.weight_hh)[:, None, :, None]
