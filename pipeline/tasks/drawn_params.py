"""Sections of params.yaml: what tasks share whose examples are drawn."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from pipeline.base.params import Count
from pipeline.tasks.params import TaskParams


class DrawnParams(TaskParams):
    """A task that draws its examples: there are as many as it needs, so one pass over them is enough."""

    budget_tokens: Count
    """Time steps of the training examples."""
    test_sequences: Count
    """Test examples of each length, and as many validation examples. Where lengths are not given: in all."""


class DrawnParamsOfLengths(DrawnParams):
    """A task whose lengths are given."""

    lengths: Annotated[list[int], Field(min_length=1)]
    """Equally frequent in training."""
    unseen_lengths: list[int]
    """Longer than those of the training; in validation and test only."""
    _shortest: ClassVar[int] = 0

    @model_validator(mode="after")
    def _rising(self) -> "DrawnParamsOfLengths":
        lengths = [*self.lengths, *self.unseen_lengths]
        if sorted(set(lengths)) != lengths or lengths[0] < self._shortest:
            rule = f"lengths: {self._shortest} or more, and with unseen_lengths behind them ever longer"
            raise ValueError(f"{rule} (got {lengths}); correct them")
        return self
