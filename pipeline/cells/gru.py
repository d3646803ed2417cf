"""The gated recurrent unit: the update gate chooses, unit by unit, between the old state and a new one."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.cells.rates import by_gates


class GruGates(NamedTuple):
    """What one step computes from x and h."""

    r: Float[Tensor, "B H"]
    z: Float[Tensor, "B H"]
    n: Float[Tensor, "B H"]

    @property
    def keep(self) -> Float[Tensor, "B H"]:
        """The share of the old state that stays."""
        return self.z

    @property
    def write(self) -> Float[Tensor, "B H"]:
        """The share of the new state that comes in."""
        return 1 - self.z

    def update(self, state: tuple[Float[Tensor, "B H"], ...]) -> tuple[Float[Tensor, "B H"], ...]:
        """The state (h,) that the gates make of the old one."""
        (h,) = state
        return ((1 - self.z) * self.n + self.z * h,)


@dataclass(frozen=True)
class GruCell:
    """One step of `torch.nn.GRU` over its own weights; the G = 3 H rows of the weights are r, z, n.

        r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)        reset gate
        z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)        update gate
        n  = tanh(W_in x + b_in + r * (W_hn h + b_hn))     new state
        h' = (1 - z) * n + z * h

    z = 1 keeps the state, and with it dh'/dh = 1.

    Source: Cho et al. 2014 (arXiv 1406.1078), equations 5 to 8, in torch's variant: r stands after the product
    with W_hn, where the paper has W_hn (r * h). In other texts 1 - z and z have changed places.
    """

    weight_ih: Float[Tensor, "G E"]
    weight_hh: Float[Tensor, "G H"]
    bias_ih: Float[Tensor, " G"]
    bias_hh: Float[Tensor, " G"]

    def step(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B H"], ...]:
        """The state (h,) after reading x."""
        return self.gates(x, state[0]).update(state)

    def gates(self, x: Float[Tensor, "B E"], h: Float[Tensor, "B H"]) -> GruGates:
        """r, z and n."""
        r_x, z_x, n_x = (x @ self.weight_ih.T + self.bias_ih).chunk(3, dim=1)
        r_h, z_h, n_h = (h @ self.weight_hh.T + self.bias_hh).chunk(3, dim=1)
        r = torch.sigmoid(r_x + r_h)
        z = torch.sigmoid(z_x + z_h)
        return GruGates(r, z, torch.tanh(n_x + r * n_h))

    def jacobians(
        self, x: Float[Tensor, "B E"], state: tuple[Float[Tensor, "B H"], ...]
    ) -> tuple[Float[Tensor, "B 1 H E"], Float[Tensor, "B 1 H 1 H"]]:
        """dh'/dx and dh'/dh, from

            dh' = z dh + (h - n) dz + (1 - z) dn
            dn  = (1 - n^2) (W_in dx + r W_hn dh + (W_hn h + b_hn) dr)

        The first path is the one that keeps: with z = 1 it alone is left.
        """
        (h,) = state
        r, z, n = self.gates(x, h)
        n_h = h @ self.weight_hh.chunk(3)[2].T + self.bias_hh.chunk(3)[2]
        by_n = (1 - z) * (1 - n.square())
        rates = [by_n * n_h * r * (1 - r), (h - n) * z * (1 - z)]
        by_x = by_gates([*rates, by_n], self.weight_ih)
        by_h = by_gates([*rates, by_n * r], self.weight_hh) + torch.diag_embed(z)
        return by_x[:, None], by_h[:, None, :, None]
