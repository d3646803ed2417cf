"""The last layer: from features to what is predicted."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class Readout(nn.Module):
    """outputs = features W^T + b. Of a language model they are logits of all that can be predicted: EOS and UNK, not
    the begin token.

    Tied to an embedding, W is its rows but the begin token's (Press & Wolf 2017, arXiv:1608.05859).
    """

    def __init__(self, num_outputs: int, num_features: int, tied_to: nn.Embedding | None = None) -> None:
        super().__init__()
        self.tied_to = [] if tied_to is None else [tied_to]  # in a list, so that its weight is not counted twice
        self.weight = None if tied_to else nn.Parameter(torch.empty(num_outputs, num_features))
        self.bias = nn.Parameter(torch.empty(num_outputs))

    def forward(self, features: Float[Tensor, "*steps F"]) -> Float[Tensor, "*steps O"]:
        """The outputs at each step."""
        weight = self.tied_to[0].weight[: len(self.bias)] if self.weight is None else self.weight
        return F.linear(features, weight, self.bias)
