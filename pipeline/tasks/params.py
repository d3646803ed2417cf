"""Sections of params.yaml: what tasks share. What is a task's own is in its folder."""

from typing import Annotated

from pydantic import Field

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


class TasksParams(PerItem):
    """An entry for each folder of pipeline/tasks; `run.tasks` selects."""

    axis = "task"

    path: Annotated[str, Field(min_length=1)]
    """The folder of your own files: DVC looks whether anything in it changes. The `path` of every task is below it."""
