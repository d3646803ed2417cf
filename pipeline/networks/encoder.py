"""A sequence of vectors as features: one stack from the left, or one a direction (Schuster & Paliwal 1997)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from pipeline.networks.stack import RecurrentStack, State


class Encoder(nn.Module):
    """The features of a whole sequence: of each step, and of the last step of each direction.

    The stacks stay apart: the right one is a stack of its own that reads the sequence from its end. No row's padding
    reaches its features, so a row among others has those that it has alone.
    """

    def __init__(self, left: RecurrentStack, right: RecurrentStack | None = None) -> None:
        super().__init__()
        self.left = left
        self.right = right

    @property
    def stacks(self) -> list[RecurrentStack]:
        """One a direction: that from the left, and where there is one, that from the right."""
        return [self.left] if self.right is None else [self.left, self.right]

    def forward(
        self, x: Float[Tensor, "B T E"], lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B T F"], Float[Tensor, "B F"]]:
        """Features of each step, zero in the padding; and of the ends: left after step T, right after step 1.

        Args:
            lengths: steps of each row that count, at least 1; all of them where None.
        """
        left, _ = self.left(x)
        if self.right is None:
            return without_padding(left, lengths), last_step(left, lengths)
        right, _ = self.right(flipped(x, lengths))
        features = side_by_side(left, right, lengths)
        ends = torch.cat([last_step(left, lengths), last_step(right, lengths)], dim=-1)
        return without_padding(features, lengths), ends

    def with_state(self, x: Float[Tensor, "B T E"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B T F"], State]:
        """The features of each step, and the state of every layer after the last one: (L, B, F), the left stack's
        beside the right one's."""
        left, state = self.left.packed(x, lengths)
        if self.right is None:
            return left, state
        right, of_right = self.right.packed(flipped(x, lengths), lengths)
        states = tuple(torch.cat(parts, dim=-1) for parts in zip(state, of_right, strict=True))
        return side_by_side(left, right, lengths), states


def side_by_side(
    left: Float[Tensor, "B T F"], right: Float[Tensor, "B T F"], lengths: Int[Tensor, " B"] | None
) -> Float[Tensor, "B T 2*F"]:
    """The features of both directions step by step; the right ones come in the order in which their stack reads."""
    return torch.cat([left, flipped(right, lengths)], dim=-1)


def flipped(x: Tensor, lengths: Int[Tensor, " B"] | None) -> Tensor:
    """Each row's first `lengths` steps in reverse order; the padding behind them stays.

    >>> flipped(torch.tensor([[1, 2, 3], [4, 5, 6]]), torch.tensor([3, 2])).tolist()
    [[3, 2, 1], [5, 4, 6]]
    """
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device)
    at = torch.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # (B, T)
    return x[torch.arange(len(x), device=x.device)[:, None], at]


def last_step(x: Float[Tensor, "B T F"], lengths: Int[Tensor, " B"] | None) -> Float[Tensor, "B F"]:
    """Each row at the last of its steps.

    >>> last_step(torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]]), torch.tensor([3, 2])).tolist()
    [[3.0], [5.0]]
    """
    if lengths is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), lengths - 1]


def without_padding(x: Float[Tensor, "B T F"], lengths: Int[Tensor, " B"] | None) -> Float[Tensor, "B T F"]:
    """Zero behind each row's steps.

    >>> without_padding(torch.tensor([[[1.0], [2.0]], [[3.0], [4.0]]]), torch.tensor([2, 1])).tolist()
    [[[1.0], [2.0]], [[3.0], [0.0]]]
    """
    if lengths is None:
        return x
    return x.masked_fill(is_padding(lengths, x.shape[1])[..., None], 0.0)


def is_padding(lengths: Int[Tensor, " B"], num_steps: int) -> Bool[Tensor, "B T"]:
    """Whether a step is behind its row's length.

    >>> is_padding(torch.tensor([2, 1]), 2).tolist()
    [[False, False], [False, True]]
    """
    return torch.arange(num_steps, device=lengths.device) >= lengths[:, None]
