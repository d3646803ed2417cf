"""The error of a training whose numbers are not finite any more."""

from pathlib import Path

from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.training.groups import not_finite

WHAT_TO_DO = "lower learning_rate or max_grad_norm"


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
