"""What the training loop knows of what is learned: an objective with its batches, its loss and its scores."""

from collections.abc import Iterator
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

from pipeline.networks.stack import State

Batch = tuple[Tensor, ...]
"""Tensors whose first axis is B, the examples or lanes: several processes share a batch by slicing each of them."""

N = TypeVar("N", bound=nn.Module, contravariant=True)


@runtime_checkable
class Score(Protocol):
    """What a network scored on some examples: sums, divided once."""

    @property
    def loss(self) -> float:
        """Mean loss of a target; the weights with the smallest on the validation split are the best."""
        ...

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """All that the score says, each under `prefix`/; what has no finite value has no key."""
        ...


@runtime_checkable
class Objective(Protocol[N]):
    """What a network of type N is trained for."""

    loss_name: ClassVar[str]
    """The key of `Score.loss` among its metrics: `nats_per_token`."""
    target_name: ClassVar[str]
    """What a target is called in metrics: `tokens`."""

    @property
    def num_steps(self) -> int:
        """Optimiser steps of the whole training, a batch each."""
        ...

    def batches(self, skip: int) -> Iterator[Batch]:
        """The batches of the training from batch `skip` on; the seed alone decides their order."""
        ...

    def num_targets(self, batch: Batch) -> int:
        """Targets of a batch that count."""
        ...

    def loss(self, network: N, batch: Batch, state: State | None) -> tuple[Tensor, State | None]:
        """The loss summed over a batch's targets, and the state to carry to the next batch."""
        ...

    def score(self, loss: float, num_targets: int) -> Score:
        """The score of training targets that cost `loss` in sum."""
        ...

    def validate(self, network: N) -> Score:
        """The network's score on the validation split; it is left in its mode."""
        ...
