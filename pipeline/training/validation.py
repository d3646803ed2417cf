"""Scores on the validation split while a network trains, and the weights that did best."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from safetensors.torch import load_file
from torch import Tensor, nn

from pipeline.networks.bundle import checkpoint_name, save_weights
from pipeline.training.diverged import DivergedError
from pipeline.training.objective import Objective, Score

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Best:
    """The weights with the smallest loss on the validation split."""

    step: int
    loss: float
    weights: Mapping[str, Tensor]


class Validation(Generic[N]):
    """Scores the validation split at given steps and keeps the weights: the best, and in `folder` those of each."""

    def __init__(self, objective: Objective[N], steps: set[int], folder: Path | None = None) -> None:
        self.objective, self.steps, self.folder = objective, steps, folder
        self.best: Best | None = None

    def score(self, network: N, step: int) -> Score:
        """The score of the network as it is after so many steps.

        Raises:
            DivergedError: where its loss is not finite.
        """
        score = self.objective.validate(network)
        if not math.isfinite(score.loss):
            raise DivergedError(step, score.loss, network)
        if self.best is None or score.loss < self.best.loss:
            weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
            self.best = Best(step, score.loss, weights)
        if self.folder is not None:
            save_weights(network, self.folder / checkpoint_name(step))
        return score

    def captured(self) -> dict[str, Any] | None:
        """The best, without its weights: these are in the folder."""
        return self.best and {"step": self.best.step, "loss": self.best.loss}

    def restore(self, captured: Mapping[str, Any] | None) -> None:
        """Resume from what `captured` gave."""
        if captured is not None and self.folder is not None:
            weights = load_file(self.folder / checkpoint_name(captured["step"]))
            self.best = Best(captured["step"], captured["loss"], weights)


def validation_steps(num_steps: int, num_validations: int) -> set[int]:
    """Evenly spaced, the last one at the end.

    >>> sorted(validation_steps(10, 3))
    [3, 7, 10]
    """
    return {max(1, round(num_steps * i / num_validations)) for i in range(1, num_validations + 1)}
