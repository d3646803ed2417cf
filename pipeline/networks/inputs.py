"""The first layer: from ids, or images, to vectors. Other frames are read as they are."""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


class OneHot(nn.Module):
    """The one-hot vector itself; the begin token, which has no place in the vocabulary, is the zero vector.

    Conditions, whose ids are above it, have places behind the vocabulary.
    """

    def __init__(self, vocabulary_size: int, num_conditions: int = 0) -> None:
        super().__init__()
        self.begin_id = vocabulary_size
        self.num_ids = vocabulary_size + 1 + num_conditions
        self.like: Tensor
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """
        >>> OneHot(2)(torch.tensor([[0, 1, 2]])).tolist()
        [[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]
        """
        one_hot = F.one_hot(ids, self.num_ids)
        return torch.cat([one_hot[..., : self.begin_id], one_hot[..., self.begin_id + 1 :]], dim=-1).to(self.like)


def embedding(vocabulary_size: int, embedding_size: int | None, num_conditions: int = 0) -> nn.Module:
    """A look-up of E-sized rows, the begin token's fixed at zero; or the one-hot vectors themselves.

    The row of id i is what the product of its one-hot vector with the matrix would give.
    """
    if embedding_size is None:
        return OneHot(vocabulary_size, num_conditions)
    return nn.Embedding(vocabulary_size + 1 + num_conditions, embedding_size, padding_idx=vocabulary_size)


class WordsAndCharacters(nn.Module):
    """The row of a word beside features of its characters, which say something of a word that was never seen.

    Each character has a row of F numbers, a convolution over three of them F features, and the word has the largest
    value of each over its characters (dos Santos & Zadrozny 2014; Ma & Hovy 2016, arXiv:1603.01354). Step by step over
    the characters of all words, a recurrent layer would take several times as long.
    """

    PADDING: ClassVar[int] = 0
    """No character: the id of EOS, which is in no word."""
    WIDTH: ClassVar[int] = 3

    def __init__(self, words: nn.Module, num_characters: int, size: int) -> None:
        super().__init__()
        self.words = words
        self.characters = nn.Embedding(num_characters, size, padding_idx=self.PADDING)
        self.convolution = nn.Conv1d(size, size, self.WIDTH, padding=self.WIDTH // 2)

    def forward(self, inputs: Int[Tensor, "B T W"]) -> Float[Tensor, "B T E"]:
        """
        Args:
            inputs: the id of each word, and behind it those of its characters, padded with zeros: W = 1 + K.
        """
        return torch.cat([self.words(inputs[..., 0]), self.spelling(inputs[..., 1:])], dim=-1)

    def spelling(self, characters: Int[Tensor, "B T K"]) -> Float[Tensor, "B T F"]:
        """What the characters of each word say; zero of a word without any."""
        words = characters.flatten(0, 1)  # (B T, K)
        features = self.convolution(self.characters(words).transpose(1, 2)).relu()  # (B T, F, K)
        largest = features.masked_fill((words == self.PADDING)[:, None], 0.0).amax(2)  # zero is the least of a ReLU
        return largest.unflatten(0, characters.shape[:2])


class FrameConvolution(nn.Module):
    """Features of the image that each frame is: two convolutions of 3 x 3, each at every other pixel, with ReLUs.

    What they say of each part of the image stays apart: where something is matters to how it moves. The vector of a
    frame has mean 0 and variance 1 (Ba et al. 2016, arXiv:1607.06450), for frames differ little from each other.
    """

    STRIDE: ClassVar[int] = 2

    def __init__(self, height: int, width: int, features: int) -> None:
        super().__init__()
        self.shape = (height, width)
        self.fine = nn.Conv2d(1, features, 3, self.STRIDE, padding=1)
        self.coarse = nn.Conv2d(features, features, 3, self.STRIDE, padding=1)

    @property
    def size(self) -> int:
        """Of the vector of a frame.

        >>> FrameConvolution(12, 9, features=5).size
        45
        """
        height, width = (-(-side // self.STRIDE**2) for side in self.shape)
        return self.coarse.out_channels * height * width

    def forward(self, frames: Float[Tensor, "B T D"]) -> Float[Tensor, "B T E"]:
        """
        Args:
            frames: the pixels of an image each, row by row.
        """
        images = frames.reshape(-1, 1, *self.shape)  # (B T, 1, H, W)
        features = self.coarse(self.fine(images).relu()).relu().reshape(*frames.shape[:2], -1)
        return F.layer_norm(features, features.shape[-1:])
