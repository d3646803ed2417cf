"""One training step: a window forward, its summed loss backward, the state carried on."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from pipeline.errors import PipelineError
from pipeline.networks.build import Network
from pipeline.networks.evaluation import carried, summed_nats, window_logits
from pipeline.networks.stack import State
from pipeline.training.data import Batch


class SequenceModule(pl.LightningModule):
    """Truncated backpropagation through time (Williams & Peng 1990) over one window a step.

    The loss is the softmax cross-entropy summed over the window's time steps. What is differentiated is that sum
    over its number of targets: AdamW does not see the constant, and max_grad_norm means the same at every T.
    """

    def __init__(
        self, network: Network, learning_rate: float, weight_decay: float, max_grad_norm: float, num_steps: int
    ) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.num_steps = num_steps
        self.state: State | None = None
        self.grad_norm = torch.zeros(())
        """Norm of the last gradient before clipping."""

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The loss to differentiate, with the sum and the count it is made of."""
        inputs, targets, fresh = batch
        before = None if fresh.all() else carried(self.state, fresh)
        logits, self.state = window_logits(self.network, inputs, targets, before)
        nats, tokens = summed_nats(logits, targets), int((targets >= 0).sum())
        if not torch.isfinite(nats):
            what_to_do = "lower the model's learning_rate or training's max_grad_norm"
            raise PipelineError(f"training step {batch_idx}", "the loss stays finite", float(nats), what_to_do)
        return {"loss": nats / tokens, "nats": nats.detach(), "tokens": tokens}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Scale the gradient down to `max_grad_norm` where it is longer (Pascanu et al. 2013), and keep its norm."""
        self.grad_norm: Tensor = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.max_grad_norm)

    def configure_optimizers(self) -> Any:
        """AdamW on a one-cycle schedule (Smith & Topin 2019, arXiv:1708.07120), stepped with every window."""
        optimizer = torch.optim.AdamW(self.parameters(), self.learning_rate, weight_decay=self.weight_decay, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.num_steps + 1, cycle_momentum=False
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
