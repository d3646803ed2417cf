"""The objective of examples whose answer is one number: least squares over a fixed list of batches."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.networks.stack import State
from pipeline.training.objective import Batch


@dataclass(frozen=True)
class SquaredError:
    """Squared errors, summed.

    >>> SquaredError(3.0, 2).loss
    1.5
    """

    summed: float
    number: int

    @property
    def loss(self) -> float:
        """The mean squared error."""
        return self.summed / self.number

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """The mean under `prefix`/squared_error, where it is finite."""
        return {f"{prefix}/squared_error": self.loss} if math.isfinite(self.loss) else {}


@dataclass(frozen=True)
class LeastSquares:
    """Squared errors of a network (B, T, I) -> (B). A batch is sequences (B, T, I) and the number asked of each (B)."""

    train: Sequence[Batch]
    """Every batch of the training, in order."""
    validation: Sequence[Batch]

    loss_name: ClassVar[str] = "squared_error"
    target_name: ClassVar[str] = "sequences"

    @property
    def num_steps(self) -> int:
        """A step for each batch."""
        return len(self.train)

    def batches(self, skip: int) -> Iterator[Batch]:
        """The list from batch `skip` on."""
        return iter(self.train[skip:])

    def num_targets(self, batch: Batch) -> int:
        """B."""
        return len(batch[1])

    def loss(self, network: nn.Module, batch: Batch, state: State | None) -> tuple[Tensor, None]:
        """Squared errors summed; no sequence goes on in the next batch."""
        sequences, numbers = batch
        return F.mse_loss(network(sequences), numbers, reduction="sum"), None

    def score(self, loss: float, num_targets: int) -> SquaredError:
        """Of training sequences."""
        return SquaredError(loss, num_targets)

    @torch.inference_mode()
    def validate(self, network: nn.Module) -> SquaredError:
        """Of the validation sequences."""
        was_training, device = network.training, next(network.parameters()).device
        network.eval()
        parts = (tuple(part.to(device) for part in batch) for batch in self.validation)
        summed = math.fsum(float(self.loss(network, batch, None)[0]) for batch in parts)
        network.train(was_training)
        return SquaredError(summed, sum(map(self.num_targets, self.validation)))
