"""What a memory task is: a value of functions, which task.py of its folder exports as `TASK`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from torch import nn

from pipeline.memory.evaluation import Answer
from pipeline.memory.params import MemoryTask
from pipeline.networks.params import Model
from pipeline.training.objective import Objective

P = TypeVar("P", bound=MemoryTask)
N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Outcome:
    """What a trained network answered."""

    answers: Sequence[Answer]
    strings: Mapping[str, float] | None = None
    """What a whole string costs: in `bits`, and at best `with_memory` and `without`; None where that is not known."""


@dataclass(frozen=True)
class Task(Generic[P, N]):
    """A task with params of type P, learned by a network of type N. The seed alone decides what its functions draw."""

    params: type[P]
    """Its entry of params.yaml."""
    unit: str
    """Of what an answer costs: `bits` or `squared_error`."""
    cost_without_memory: Callable[[P], float]
    """The mean cost at best of an answer without memory; with memory it is 0."""
    build: Callable[[P, Model, int], N]
    """A network of a model before training, by params, model and seed."""
    objective: Callable[[P, N, int], Objective[N]]
    """What the network is trained for, by params, network and seed."""
    ask: Callable[[P, N, int], Outcome]
    """The test of a trained network, by params, network and seed."""


def load(name: str) -> Task[Any, Any]:
    """The task of a folder."""
    return import_module(f"pipeline.memory.{name}.task").TASK
