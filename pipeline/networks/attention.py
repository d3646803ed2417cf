"""Attention: which steps of the source a step of the decoder looks at.

The scores of Luong et al. 2015 (dot; arXiv:1508.04025, section 3.1) and of Bahdanau et al. 2015 (additive;
arXiv:1409.0473, appendix A.1.2), both in the place where Luong et al. have them: with h the decoder's state of this
step and s_j the features of the source,

    score_j = h . s_j                     dot
    score_j = v . tanh(W h + U s_j)       additive
    a = softmax over the steps of the source, c = sum_j a_j s_j, and the readout reads tanh(C [c; h]).

Bahdanau's decoder takes its score from the state before and reads c as an input, so its steps must be taken one by one.
Here c reaches no state (Luong's input feeding is left out too): a training reads the whole target in one call.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Memory:
    """What the encoder made of a source, step by step."""

    values: Float[Tensor, "B T F"]
    keys: Float[Tensor, "B T F"]
    """What the scores compare with: the values, or U times them."""
    is_padding: Bool[Tensor, "B T"]

    def repeated(self, number: int) -> "Memory":
        """Each row so many times, one after the other."""
        parts = (part.repeat_interleave(number, 0) for part in (self.values, self.keys, self.is_padding))
        return Memory(*parts)


class DotAttention(nn.Module):
    """Scores that need no weights: the decoder has as many units as the source has features."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.combine = nn.Linear(2 * size, size, bias=False)

    def keys(self, values: Float[Tensor, "B T F"]) -> Float[Tensor, "B T F"]:
        """What the scores compare the states with."""
        return values

    def scores(self, states: Float[Tensor, "B U F"], keys: Float[Tensor, "B T F"]) -> Float[Tensor, "B U T"]:
        """How well each step of the source fits each state."""
        return states @ keys.transpose(1, 2)

    def forward(
        self, states: Float[Tensor, "B U F"], memory: Memory
    ) -> tuple[Float[Tensor, "B U F"], Float[Tensor, "B U T"]]:
        """What the readout reads at each step, and the weights, which are exactly zero in the padding."""
        scores = self.scores(states, memory.keys).masked_fill(memory.is_padding[:, None], -torch.inf)
        weights = scores.softmax(-1)
        return self.combine(torch.cat([weights @ memory.values, states], dim=-1)).tanh(), weights


class AdditiveAttention(DotAttention):
    """Scores by a network of one hidden layer, of F units."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.of_state = nn.Linear(size, size, bias=False)
        self.of_source = nn.Linear(size, size, bias=False)
        self.score = nn.Linear(size, 1, bias=False)

    def keys(self, values: Float[Tensor, "B T F"]) -> Float[Tensor, "B T F"]:
        """U s, which is the same for all states."""
        return self.of_source(values)

    def scores(self, states: Float[Tensor, "B U F"], keys: Float[Tensor, "B T F"]) -> Float[Tensor, "B U T"]:
        """The same, with (B, U, T, F) numbers in between."""
        return self.score((self.of_state(states)[:, :, None] + keys[:, None]).tanh()).squeeze(-1)
