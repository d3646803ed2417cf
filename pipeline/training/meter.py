"""Sums over training steps, read as means."""

from collections.abc import Mapping
from typing import Any

import torch

from pipeline.training.learner import Step
from pipeline.training.objective import Objective


class Meter:
    """Adds up steps; each reading is of those since the last."""

    def __init__(self) -> None:
        self.targets_seen = 0
        """Up to the last reading."""
        self.grad_norms: list[float] = []
        """Of every step, before clipping."""
        self._loss, self._targets, self._since = 0.0, 0, 0

    def add(self, step: Step, loss: float) -> None:
        """One more step, whose loss summed over the targets of all ranks is `loss`."""
        self._loss += loss
        self._targets += step.num_targets
        self.grad_norms.append(step.grad_norm)

    def read(self, objective: Objective[Any]) -> dict[str, float]:
        """Metrics of the steps since the last reading, under `train/`."""
        self.targets_seen += self._targets
        norms = self.grad_norms[self._since :]
        metrics = objective.score(self._loss, self._targets).as_metrics("train") | {
            "train/grad_norm": sum(norms) / len(norms),
            "train/grad_norm_max": max(norms),
            f"train/{objective.target_name}": float(self.targets_seen),
        }
        self._loss, self._targets, self._since = 0.0, 0, len(self.grad_norms)
        return metrics

    def captured(self) -> dict[str, Any]:
        """All of it."""
        norms = torch.tensor(self.grad_norms, dtype=torch.float64)
        return {"seen": self.targets_seen, "norms": norms, "sums": (self._loss, self._targets, self._since)}

    def restore(self, captured: Mapping[str, Any]) -> None:
        """Resume from what `captured` gave."""
        self.targets_seen, self.grad_norms = captured["seen"], captured["norms"].tolist()
        self._loss, self._targets, self._since = captured["sums"]
