"""Sections of params.yaml: what the memory tasks share. What is a task's own stands in its folder."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from pipeline.base.params import Count, Name, PerItem, PositiveFloat, Section


class MemoryTask(Section):
    """What every memory task has; the same for every model."""

    budget_tokens: Count
    """Time steps seen in the training, each in a sequence drawn anew."""
    batch_size: Count
    """Sequences at a time."""
    learning_rate: PositiveFloat
    """The peak of the one-cycle schedule; models' own are for text."""
    weight_decay: Annotated[float, Field(ge=0)]
    log_every_steps: Count
    test_sequences: Count
    """Questions of each length; of reber, whose lengths come as they will, in all."""


class MemoryTaskOfLengths(MemoryTask):
    """A task whose lengths are given."""

    lengths: Annotated[list[int], Field(min_length=1)]
    """Equally frequent in training."""
    unseen_lengths: list[int]
    """Beyond those of the training; in the test alone."""
    _shortest: ClassVar[int] = 0

    @model_validator(mode="after")
    def _rising(self) -> "MemoryTaskOfLengths":
        lengths = [*self.lengths, *self.unseen_lengths]
        if sorted(set(lengths)) != lengths or lengths[0] < self._shortest:
            rule = f"lengths: {self._shortest} or more, and with unseen_lengths behind them ever longer"
            raise ValueError(f"{rule} (got {lengths}); correct them")
        return self


class MemorySelection(PerItem):
    """Tasks whose floor is known exactly: those to run, and an entry for each folder of pipeline/memory."""

    axis = "task"

    tasks: Annotated[list[Name], Field(min_length=1)]
    """Those to run."""

    @model_validator(mode="after")
    def _tasks_are_known_and_stand_once(self) -> "MemorySelection":
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"tasks: each stands once (got {self.tasks}); delete the repeated ones")
        known = sorted(type(self).model_fields.keys() - {"tasks"})
        if unknown := [task for task in self.tasks if task not in known]:
            raise ValueError(f"tasks: each is one of {known} (got {unknown}); correct them")
        return self
