"""One training step: a batch forward, its loss backward, the weights moved, the state carried on."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from pipeline.base.params import Precision
from pipeline.networks.stack import State
from pipeline.training.diverged import DivergedError
from pipeline.training.objective import Batch, Objective
from pipeline.training.precision import in_precision
from pipeline.training.ranks import Ranks

N = TypeVar("N", bound=nn.Module)
ALONE = Ranks()

BETAS = (0.9, 0.95)
"""AdamW's. Its average of squared gradients covers 20 steps in place of torch's 1000: else the large gradients of the
first steps would shorten the steps of half a training that has two thousand."""
WARM_UP = 0.05
"""Share of the steps that the learning rate rises for, at least one step. The rest of them it falls, in a line too."""


@dataclass(frozen=True)
class Step:
    """What one step came to."""

    number: int
    """Batches learned from, this one counted."""
    loss: float
    """Summed over the targets of this rank."""
    num_targets: int
    """Of all ranks."""
    grad_norm: float
    """Before clipping."""


class Learner(Generic[N]):
    """A network, its objective, and the optimiser between them: AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) on a
    one-cycle schedule (Smith & Topin 2019, arXiv:1708.07120) of two straight lines, stepped with every batch.

    What is differentiated is the loss of a batch over its number of targets: AdamW does not see a constant factor, and
    max_grad_norm means the same at every size of the batch.
    """

    def __init__(
        self,
        network: N,
        objective: Objective[N],
        *,
        learning_rate: float,
        weight_decay: float,
        max_grad_norm: float | None,
        precision: Precision = "float32",
        ranks: Ranks = ALONE,
    ) -> None:
        self.network, self.objective, self.ranks = network, objective, ranks
        self.precision: Precision = precision
        self.max_grad_norm = math.inf if max_grad_norm is None else max_grad_norm
        self.optimizer = torch.optim.AdamW(
            network.parameters(), learning_rate, betas=BETAS, weight_decay=weight_decay, fused=True
        )
        self.schedule = one_cycle(self.optimizer, learning_rate, objective.num_steps)
        self.step = 0
        """Batches learned from."""
        self.state: State | None = None
        self._captured: Mapping[str, Any] | None = None

    @property
    def steps_left(self) -> int:
        """Steps to the end of the training."""
        return self.objective.num_steps - self.step

    def learn(self, batch: Batch, device: torch.device, backward: Callable[[Tensor], object]) -> Step:
        """Learn from the next batch.

        Args:
            backward: computes the gradients of its argument, averaged over the ranks.

        Raises:
            DivergedError: where the loss or the norm of its gradient is not finite; the weights are not moved then.
        """
        num_targets = self.objective.num_targets(batch)
        self.step += 1
        lanes, weight = self.ranks.share(batch)
        own = tuple(part.to(device) for part in lanes)
        with in_precision(self.precision, device):
            loss, self.state = self.objective.loss(self.network, own, self.state)
        norm = self._descend(loss * (weight * self.ranks.size) / num_targets, backward)
        return Step(self.step, weight * float(loss.detach()), num_targets, norm)

    def _descend(self, loss: Tensor, backward: Callable[[Tensor], object]) -> float:
        """Move the weights; a gradient longer than `max_grad_norm` is scaled down to it (Pascanu et al. 2013)."""
        parameters: Sequence[nn.Parameter] = self.optimizer.param_groups[0]["params"]
        for parameter in parameters:
            parameter.grad = None
        backward(loss)
        total = nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
        norm = float(total)
        if not math.isfinite(norm + float(loss.detach())):
            raise DivergedError(self.step, float(loss.detach()), self.network)
        if norm > self.max_grad_norm:  # torch would take its time to multiply all by 1 otherwise
            nn.utils.clip_grads_with_norm_(parameters, self.max_grad_norm, total)
        self.optimizer.step()
        self.schedule.step()
        return norm

    def captured(self) -> dict[str, Any]:
        """All that the next step depends on; the objective finds the next batch by the number of the step."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "ranks": self.ranks.gathered({"state": self.state, "random": torch.get_rng_state()}),
        }

    def restore(self, captured: Mapping[str, Any]) -> None:
        """Resume from what `captured` gave; the rest follows in `start`."""
        self._captured, self.step = captured, captured["step"]
        self.network.load_state_dict(captured["network"])

    def start(self, device: torch.device) -> None:
        """To be called where the network is on its device and nothing draws a number before the first step."""
        if self._captured is None:
            return
        own = self._captured["ranks"][self.ranks.rank]
        self.optimizer.load_state_dict(self._captured["optimizer"])
        self.schedule.load_state_dict(self._captured["schedule"])
        self.state = None if own["state"] is None else tuple(part.to(device) for part in own["state"])
        torch.set_rng_state(own["random"])
        self._captured = None


def one_cycle(optimizer: torch.optim.Optimizer, peak: float, num_steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    """A line from a 25th of the peak up to it, and one down to nothing, over the steps of a training.

    torch divides by the length of the rise: of 19 steps, 5 % would be none.
    """
    total = num_steps + 1  # it is stepped after the last batch, too
    rise = max(WARM_UP, 2 / total)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total_steps=total, pct_start=rise, anneal_strategy="linear", cycle_momentum=False
    )
