"""The language model: p(y_t | y_1 .. y_{t-1}) at every step."""

from typing import ClassVar, Literal

from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack, State


class LanguageModel(nn.Module):
    """Look-up, recurrent stack, softmax logits.

    Input t is y_{t-1}, or the begin token `begin_id` = V at a unit's start; the logits at t are those of y_t.
    """

    predicts: ClassVar[Literal["next"]] = "next"
    """Each token from those before it."""

    def __init__(self, vocabulary_size: int, embed: nn.Module, stack: RecurrentStack, readout: Readout) -> None:
        super().__init__()
        self.vocabulary_size = self.begin_id = vocabulary_size
        self.embed = embed
        self.stack = stack
        self.readout = readout

    @property
    def stacks(self) -> tuple[RecurrentStack]:
        """The one that reads from the left."""
        return (self.stack,)

    def forward(self, inputs: Int[Tensor, "B T"], state: State | None = None) -> tuple[Float[Tensor, "B T V"], State]:
        """Logits of each step's target, and the state to carry into the next window."""
        features, after = self.features(inputs, state)
        return self.readout(features), after

    def features(self, inputs: Int[Tensor, "B T"], state: State | None = None) -> tuple[Float[Tensor, "B T H"], State]:
        """What the readout reads at each step, and the state to carry into the next window."""
        return self.stack(self.embed(inputs), state)

    def window_logits(
        self, inputs: Int[Tensor, "B T"], targets: Int[Tensor, "B T"], state: State | None = None
    ) -> tuple[Float[Tensor, "B T V"], State]:
        """Logits of a window's targets, at which it does not look, and the state to carry into the next window."""
        return self(inputs, state)

    def reads(self, before: Int[Tensor, "B T"], after: Int[Tensor, "B R"]) -> tuple[Int[Tensor, "B T"]]:
        """What each stack reads up to the step whose target is the first of `after`: the inputs `before`."""
        return (before,)
