"""From what the gates do to the state to what the vector behind the gates does to it."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def by_gates(rates: Sequence[Float[Tensor, "B H"]], weight: Float[Tensor, "G V"]) -> Float[Tensor, "B H V"]:
    """The sum over the gates k of diag(rates_k) W_k: the chain rule through the sums a_k = W_k v that they read.

    `rates` are the derivatives of a state by each a_k, unit by unit, `weight` the W_k under each other.

    >>> by_gates([torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, 0.0]])], torch.tensor([[1.0], [1.0], [4.0], [4.0]]))
    tensor([[[3.],
             [2.]]])
    """
    return torch.einsum("bkh,khv->bhv", torch.stack(list(rates), dim=1), weight.unflatten(0, (len(rates), -1)))
