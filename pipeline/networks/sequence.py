"""What the networks that read a whole sequence share: an input layer, an encoder, a readout."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.encoder import Encoder
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack

Inputs = Int[Tensor, "B T"] | Int[Tensor, "B T W"] | Float[Tensor, "B T D"]
"""Ids; ids of words, each with those of its characters behind it; or frames where the network has no look-up."""


class SequenceNetwork(nn.Module):
    """Look-up, encoder, readout; what is read off the features is up to each network.

    Behind a row's length anything may stand: it reaches no output of the row and no gradient.
    """

    def __init__(self, embed: nn.Module | None, encoder: Encoder, readout: Readout) -> None:
        super().__init__()
        self.embed = nn.Identity() if embed is None else embed
        self.encoder = encoder
        self.readout = readout

    @property
    def stacks(self) -> list[RecurrentStack]:
        """One a direction: that from the left, and where there is one, that from the right."""
        return self.encoder.stacks

    def features(
        self, inputs: Inputs, lengths: Int[Tensor, " B"] | None
    ) -> tuple[Float[Tensor, "B T F"], Float[Tensor, "B F"]]:
        """Those of each step, and those of the ends: the left state after step T, the right state after step 1.

        Args:
            lengths: steps of each row that count, at least 1; all of them where None.
        """
        return self.encoder(self.embed(inputs), lengths)
