"""Sections of params.yaml: what tasks share. What is a task's own is in its folder."""

from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from pipeline.base.params import Count, PerItem, PositiveFloat, Section
from pipeline.networks.params import Dropout


class TaskParams(Section):
    """How every task is learned; the same for every model."""

    epochs: Count
    """Passes over the training examples."""
    batch_size: Count
    """Examples at a time, of similar length."""
    learning_rate: PositiveFloat
    """The peak of the one-cycle schedule; models' own are for text."""
    weight_decay: Annotated[float, Field(ge=0)]
    dropout: Dropout
    """On the stack's input, output, and between its layers; models' own are for text."""
    num_validations: Count
    """Evenly spaced; the best weights of them are kept."""
    log_every_steps: Count


class FileTaskParams(TaskParams):
    """A task that reads examples."""

    path: Annotated[str, Field(min_length=1)] | None
    """A file or a folder below `tasks.path`; null: the set that comes with the installed packages."""


class WordTaskParams(FileTaskParams):
    """A task that reads words."""

    vectors: Annotated[str, Field(min_length=1)] | None
    """A file below `tasks.path` of word vectors (text of GloVe or word2vec, perhaps .gz) that the look-up starts from:
    then embedding_size of every model is their size. null: all of it is drawn."""


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


class TasksParams(PerItem):
    """An entry for each folder of pipeline/tasks; `run.tasks` selects."""

    axis = "task"

    path: Annotated[str, Field(min_length=1)]
    """The folder of your own files: DVC looks whether anything in it changes. The `path` of every task is below it."""
