"""The first layer: from ids to vectors. Vectors that are given, the frames of a signal, are read as they are."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


class OneHot(nn.Module):
    """The one-hot vector itself; the begin token, which has no place in the vocabulary, is the zero vector."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.vocabulary_size = vocabulary_size
        self.like: Tensor
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """
        >>> OneHot(2)(torch.tensor([[0, 1, 2]])).tolist()
        [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
        """
        return F.one_hot(ids, self.vocabulary_size + 1)[..., :-1].to(self.like)


def embedding(vocabulary_size: int, embedding_size: int | None) -> nn.Module:
    """A look-up of E-sized rows, the begin token's fixed at zero; or the one-hot vectors themselves.

    The row of id i is what the product of its one-hot vector with the matrix would give.
    """
    if embedding_size is None:
        return OneHot(vocabulary_size)
    return nn.Embedding(vocabulary_size + 1, embedding_size, padding_idx=vocabulary_size)
