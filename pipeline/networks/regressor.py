"""The many-to-one network: one number for a whole sequence."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.encoder import Encoder
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack


class Regressor(nn.Module):
    """An encoder that reads frames as they are, under a readout of its ends.

    The number is read off the state after step T, and where the model reads both ways, off the right state after
    step 1 too: each has read everything.
    """

    def __init__(self, encoder: Encoder, readout: Readout) -> None:
        super().__init__()
        self.encoder = encoder
        self.readout = readout

    @property
    def stacks(self) -> list[RecurrentStack]:
        """One a direction: that from the left, and where there is one, that from the right."""
        return self.encoder.stacks

    def forward(self, x: Float[Tensor, "B T I"], lengths: Int[Tensor, " B"] | None = None) -> Float[Tensor, " B"]:
        """One number a sequence.

        Args:
            lengths: steps of each row that count, at least 1; all of them where None.
        """
        _, ends = self.encoder(x, lengths)
        return self.readout(ends).squeeze(-1)
