"""One training step: a window forward, its summed loss backward, the weights moved, the state carried on."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.base.errors import PipelineError
from pipeline.networks.build import Network
from pipeline.networks.evaluation import carried, summed_nats
from pipeline.networks.stack import State
from pipeline.training.data import Batch
from pipeline.training.groups import not_finite
from pipeline.training.lightning import pl
from pipeline.training.ranks import Ranks

ALONE = Ranks()
WHAT_TO_DO = "lower the model's learning_rate or its max_grad_norm"


class DivergedError(PipelineError):
    """The loss or its gradient is not finite any more."""

    def __init__(self, step: int, loss: float, network: nn.Module, what_to_do: str = WHAT_TO_DO) -> None:
        self.step, self.loss, self.network = step, loss, network
        groups = not_finite((name, parameter.grad) for name, parameter in network.named_parameters())
        got = f"loss {loss:.6g}" + (f", not finite: the gradients of {', '.join(groups)}" if groups else "")
        super().__init__(f"training step {step}", "loss and gradient stay finite", got, what_to_do)

    def with_weights_in(self, place: Path) -> "DivergedError":
        """The same, saying where the last good weights are."""
        return DivergedError(self.step, self.loss, self.network, f"{WHAT_TO_DO}; the weights before it are in {place}")


class SequenceModule(pl.LightningModule):
    """Truncated backpropagation through time (Williams & Peng 1990) over one window a step.

    The loss is the softmax cross-entropy summed over the window's time steps. What is differentiated is that sum
    over its number of targets: AdamW does not see the constant, and max_grad_norm means the same at every T.

    The step takes its window from the iterator and moves the weights itself ("manual optimisation"): the hooks that
    Lightning else calls around both take longer than a small network may wait (docs/performance.md, "Training").
    """

    def __init__(
        self,
        network: Network,
        learning_rate: float,
        weight_decay: float,
        max_grad_norm: float | None,
        num_steps: int,
        ranks: Ranks = ALONE,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = network
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.max_grad_norm = math.inf if max_grad_norm is None else max_grad_norm
        self.num_steps = num_steps
        self.ranks = ranks
        self.step = 0
        """Windows learned from."""
        self.state: State | None = None
        self._restored: Mapping[str, Any] | None = None

    def training_step(self, dataloader_iter: Iterator[tuple[Batch, int, int]]) -> dict[str, float]:
        """Learn from the next window: the summed loss of this rank's lanes, targets of all, norm of the gradient."""
        batch, _, _ = next(dataloader_iter)
        self.step += 1
        tokens, device = int((batch[1] >= 0).sum()), self.device
        inputs, targets, fresh = (part.to(device) for part in self.ranks.share(batch))
        before = None if fresh.all() else carried(self.state, fresh)
        logits, self.state = self.network.window_logits(inputs, targets, before)
        loss = summed_nats(logits, targets)
        norm = self._descend(loss * self.ranks.size / tokens)  # the ranks' gradients are averaged
        return {"nats": float(loss.detach()), "tokens": tokens, "grad_norm": norm}

    def _descend(self, loss: Tensor) -> float:
        """Move the weights; a gradient longer than `max_grad_norm` is scaled down to it (Pascanu et al. 2013).

        Returns:
            The norm before clipping.

        Raises:
            DivergedError: where the loss or the norm is not finite; the weights are not moved then.
        """
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        schedule: Any = self.lr_schedulers()
        parameters = optimizer.param_groups[0]["params"]
        total = self._backward(loss, parameters)
        norm = float(total)
        if not math.isfinite(norm + float(loss.detach())):
            raise DivergedError(self.step, float(loss.detach()), self.network)
        if norm > self.max_grad_norm:  # else torch would take its time to multiply all by 1
            nn.utils.clip_grads_with_norm_(parameters, self.max_grad_norm, total)
        optimizer.step()
        schedule.step()
        return norm

    def _backward(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
        """The norm of the loss's gradient, which is in the parameters then."""
        for parameter in parameters:
            parameter.grad = None
        if self.ranks.size == 1:
            loss.backward()
        else:
            self.manual_backward(loss)  # slower: it tells DDP to average
        return nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])

    def configure_optimizers(self) -> Any:
        """AdamW on a one-cycle schedule (Smith & Topin 2019, arXiv:1708.07120), stepped with every window."""
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=self.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.num_steps + 1, cycle_momentum=False
        )
        if self._restored is not None:
            optimizer.load_state_dict(self._restored["optimizer"])
            schedule.load_state_dict(self._restored["schedule"])
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def captured(self) -> dict[str, Any]:
        """All that the next step depends on, the data's place aside."""
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        schedule: Any = self.lr_schedulers()
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "ranks": self.ranks.gathered({"state": self.state, "random": torch.get_rng_state()}),
        }

    def restore(self, captured: Mapping[str, Any]) -> None:
        """Go on from what `captured` gave; to be called before the trainer sees the module."""
        self._restored, self.step = captured, captured["step"]
        self.state = captured["ranks"][self.ranks.rank]["state"]
        self.network.load_state_dict(captured["network"])

    def on_train_start(self) -> None:
        """Nothing draws a number between this and the first step."""
        if self._restored is not None:
            torch.set_rng_state(self._restored["ranks"][self.ranks.rank]["random"])
            self.state = None if self.state is None else tuple(part.to(self.device) for part in self.state)
            self._restored = None
