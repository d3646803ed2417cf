"""What a task says of itself in the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.report.parts import Block
from pipeline.report.task_results import TaskResults


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

    @property
    def head(self) -> str:
        """
        >>> MeasureWords("f1", "F1", "%").head, MeasureWords("mcc", "MCC").head
        ('F1 (%)', 'MCC')
        """
        return f"{self.title} ({self.unit})" if self.unit else self.title


def _nothing(results: TaskResults) -> Sequence[Block]:
    return ()


def _nothing_compared(results: TaskResults, others: Mapping[str, TaskResults]) -> Sequence[Block]:
    return ()


@dataclass(frozen=True)
class TaskReport:
    """What is said of one task; report.py of its folder exports it as `REPORT`."""

    title: str
    asked: str
    """What goes in, what is wanted, where the examples come from and how they are split: a paragraph."""
    measures: Sequence[MeasureWords]
    """The main one first."""
    tables: Mapping[str, str]
    """Tables of the study that are shown, by key: their title, such as `By length (words)`."""
    blocks: Callable[[TaskResults], Sequence[Block]] = _nothing
    """What this task alone shows: a confusion matrix, coloured text."""
    compared: Callable[[TaskResults, Mapping[str, TaskResults]], Sequence[Block]] = _nothing_compared
    """What it shows beside other tasks of the run, which are given by name."""
    formulas: str = ""
    """The section of docs/gradients.md that has its formulas."""
