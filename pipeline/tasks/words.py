"""A task's section of the report: a value, which report.py of its folder exports as `REPORT`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from pipeline.report.parts import Block
from pipeline.report.task_results import TaskResults
from pipeline.tasks import names


@dataclass(frozen=True)
class MeasureWords:
    """How a measure is shown."""

    name: str
    """Its key in scores.json and baselines.json."""
    title: str
    """Of its column: `accuracy`."""
    unit: Literal["%", "bits", "nats", ""] = ""
    """`%`: a share that is shown in hundredths."""
    better: Literal["higher", "lower"] = "higher"


@dataclass(frozen=True)
class TaskReport:
    """What is said of one task."""

    title: str
    asked: str
    """What goes in, what is wanted, where the examples come from and how they are split: a paragraph."""
    measures: Sequence[MeasureWords]
    """The main one first."""
    tables: Mapping[str, str]
    """Tables of the study that are shown, by key: their title, such as `By length (words)`."""
    blocks: Callable[[TaskResults], Sequence[Block]] = lambda results: ()
    """What this task alone shows: a confusion matrix, coloured text."""


def all_reports() -> Mapping[str, TaskReport]:
    """The report of every task, by its name."""
    return {name: import_module(f"pipeline.tasks.{name}.report").REPORT for name in names()}
