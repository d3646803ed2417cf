"""What the stages of one task left behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TaskModelResults:
    """A model at one task, with all its seeds."""

    name: str
    seeds: Mapping[int, Mapping[str, Any]]
    """scores.json by seed: `validation` and `test` (measures by name: value, low, high), `tables`, `details`."""


@dataclass(frozen=True)
class TaskResults:
    """All that is known about one task."""

    task: str
    about: Mapping[str, Any]
    """examples.json: classes, sizes of the splits."""
    params: Mapping[str, Any]
    """The task's entry of params.yaml, flat."""
    baselines: Sequence[Mapping[str, Any]]
    """baselines.json: name, kind, scores by split and measure."""
    models: Sequence[TaskModelResults]
