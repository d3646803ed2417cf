"""Where a task's examples come from: a value of functions, which data/ of its folder exports as `SOURCE`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples
from pipeline.tasks.params import TaskParams

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = TypeVar("P", bound=TaskParams)


@dataclass(frozen=True)
class Baseline:
    """What something that is no recurrent network scores."""

    name: str
    """As the report shows it, of the characters that a metric of MLflow may have: `naive Bayes on 1-2-grams`."""
    scores: Mapping[str, Mapping[str, Measure]]
    """Of `validation` and `test` the measures by name, the same as a network's; one that it has not is left out."""
    kind: Literal["baseline", "optimum"] = "baseline"
    """`optimum`: no model can do better, or (on a sample) only by chance."""

    def __post_init__(self) -> None:
        assert re.fullmatch(r"[\w ./:-]+", self.name), f"MLflow refuses the metric {self.name!r}"

    def as_json(self) -> dict[str, Any]:
        """What baselines.json holds."""
        scores = {split: {name: m.as_json() for name, m in of.items()} for split, of in self.scores.items()}
        return {"name": self.name, "kind": self.kind, "scores": scores}


@dataclass(frozen=True)
class Source(Generic[P]):
    """The examples of a task with params of type P."""

    read: Callable[[P], Examples]
    """Reads or makes the examples; the params alone decide them.

    Raises:
        PipelineError: where a file is wrong; with its name and line.
    """
    baselines: Callable[[P, Examples], Sequence[Baseline]]
    """What needs no network."""
    figure: Callable[[P, Examples], "Figure"]
    """What the examples look like."""


def load(name: str) -> Source[Any]:
    """The source of a task."""
    return import_module(f"pipeline.tasks.{name}.data").SOURCE
