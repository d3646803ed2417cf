"""What a task is: a value of functions, which task.py of its folder exports as `TASK`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Int
from torch import nn

from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import Kind
from pipeline.sampling.params import SamplingParams
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.params import TaskParams
from pipeline.training.objective import Objective

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = TypeVar("P", bound=TaskParams)
N = TypeVar("N", bound=nn.Module)
A = TypeVar("A")

Shape = Literal["one-to-one", "one-to-many", "many-to-one", "many-to-many, equal", "many-to-many, unequal"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """What is looked at beside the measures, on the test split."""

    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """By what they go by (`length`, `distance`, `type`): rows with that key, `n`, and for each measure `NAME`, and
    where it has an interval `NAME_low`, `NAME_high`. None is a value that does not exist."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else the task's section of the report shows, as JSON holds it: a confusion matrix, some examples."""
    predictions: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Columns of predictions.parquet, a row an example of the test split, beside its notes and target."""
    figures: Mapping[str, Callable[[], "Figure"]] = field(default_factory=dict)
    """By the name of their file."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What else is worth opening or hearing, by name: a sampled tune as MIDI."""


@dataclass(frozen=True)
class Prediction:
    """An answer to an input that a user gave."""

    shown: str
    """For a terminal, a line or several."""
    fields: Mapping[str, Any]
    """For programs: what --json prints."""


@dataclass(frozen=True)
class SampleRequest:
    """What `unroll sample` asks of a task that writes sequences."""

    params: SamplingParams
    """How many, how long, and how tokens are chosen."""
    seed: int
    condition: str | None
    """What the sequence is to be: a class."""
    primer: Path | None
    """A file that it begins with."""
    out: Path | None
    """A file for the first sample; with several samples, NAME-1.mid, NAME-2.mid, ..."""


@dataclass(frozen=True)
class Task(Generic[P, N, A]):
    """A task with params of type P, a network of type N, and answers of type A, one an example."""

    shape: Shape
    kind: Kind
    """Of the network (pipeline/networks/build.py)."""
    sizes: Callable[[P, Examples], Mapping[str, int]]
    """The sizes that its builder asks beside the model."""
    objective: Callable[[P, Examples, N, int], Objective[N]]
    """What the network is trained for, by params, examples, network and seed."""
    answer: Callable[[P, N, Split], Sequence[A]]
    """What a trained network says of each example, in their order."""
    measure: Callable[[P, Examples, Split, Sequence[A]], Mapping[str, Measure]]
    """The scores of the answers to a split, the main one first; names are those of the report's `measures`."""
    study: Callable[[P, Examples, N, Sequence[A]], Study]
    """What is looked at beside, of the answers to the test split."""
    predict: Callable[[TaskBundle[P], Iterable[str], str], Iterable[Prediction]]
    """Answers to lines of a file (without their ends), and where they come from, for errors. A line that cannot be
    answered is a PipelineError that names it."""
    sample: Callable[[TaskBundle[P], SampleRequest], Iterable[Prediction]] | None = None
    """New sequences, of a task that writes them."""
    score_pair: Callable[[TaskBundle[P], str, str], Prediction] | None = None
    """The probability of a given output, by input and output, of a task that translates."""
    text: Callable[[Examples], Int[np.ndarray, " N"]] | None = None
    """The bundle's text, of a task that predicts with an n-gram beside the network."""


def load(name: str, params: TaskParams) -> Task[Any, Any, Any]:
    """The task of a folder; what it exports may be a function of the params, where they decide the shape."""
    exported = import_module(f"pipeline.tasks.{name}.task").TASK
    return exported if isinstance(exported, Task) else exported(params)
