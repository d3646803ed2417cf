"""The cloze model: p(y_t | every other token), from one stack in each direction.

A network that reads both ways sees the token it would predict as soon as its layers mix directions, so the two
stacks stay apart up to the readout: token t is read off the left state after y_1 .. y_{t-1} and the right state
after y_T .. y_{t+1}. Its product over t is no probability of the text (a pseudo-likelihood, Besag 1975).
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.encoder import flipped, side_by_side
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack, State
from pipeline.tokens.windows import EOS, IGNORED


class ClozeModel(nn.Module):
    """Look-up, a stack from the left, a stack from the right, softmax logits of the token between."""

    predicts: ClassVar[Literal["missing"]] = "missing"
    """Each token from all the others."""

    def __init__(
        self, vocabulary_size: int, embed: nn.Module, left: RecurrentStack, right: RecurrentStack, readout: Readout
    ) -> None:
        super().__init__()
        self.vocabulary_size = self.begin_id = vocabulary_size
        self.embed = embed
        self.left = left
        self.right = right
        self.readout = readout

    @property
    def stacks(self) -> tuple[RecurrentStack, RecurrentStack]:
        """One a direction: that from the left, that from the right."""
        return (self.left, self.right)

    def forward(
        self,
        inputs: Int[Tensor, "B T"],
        targets: Int[Tensor, "B T"],
        lengths: Int[Tensor, " B"] | None = None,
        state: State | None = None,
    ) -> tuple[Float[Tensor, "B T V"], State]:
        """Logits of each target from both sides, and the left state to carry into the next window.

        Args:
            targets: what stands at each step; the logits at t see all of it but t. EOS is read as the begin token.
            lengths: steps of each row that count; the right stack starts at each row's own end, from zero.
        """
        left, after = self.left(self.embed(inputs), state)
        right, _ = self.right(self.embed(self.right_inputs(targets, lengths)))
        return self.readout(side_by_side(left, right, lengths)), after

    def window_logits(
        self, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], state: State | None = None
    ) -> tuple[Float[Tensor, "B T V"], State]:
        """Logits of a window's targets from both sides, and the left state to carry; IGNORED ends a row."""
        return self(inputs, targets, (targets != IGNORED).sum(1), state)

    def reads(
        self, before: Int[Tensor, "B T"], after: Int[Tensor, "B R"]
    ) -> tuple[Int[Tensor, "B T"], Int[Tensor, "B R"]]:
        """What each stack reads up to the step whose target is the first of `after`: the tokens on its own side."""
        return before, self.right_inputs(after)

    def right_inputs(self, targets: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None) -> Int[Tensor, "B T"]:
        """What the right stack reads, in its own order: the begin token, y_T, ..., y_2."""
        ids = torch.where(targets <= EOS, self.begin_id, targets)  # EOS, and padding, which is below it
        reverse = flipped(ids, lengths)
        begin = torch.full_like(ids[:, :1], self.begin_id)
        return torch.cat([begin, reverse[:, :-1]], dim=1)
