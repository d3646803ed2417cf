"""The many-to-one network: the probabilities of classes for a whole sequence."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.encoder import Encoder
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack


class Classifier(nn.Module):
    """Look-up, an encoder, softmax logits read off its ends.

    The ends are the state after step T, and where the model reads both ways, the right state after step 1 too: each has
    read everything. A sequence of one step makes it the one-to-one network.
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

    def forward(
        self, inputs: Int[Tensor, "B T"] | Float[Tensor, "B T D"], lengths: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B C"]:
        """Logits of the classes of each sequence.

        Args:
            inputs: ids, or frames where the network has no look-up.
            lengths: steps of each row that count, at least 1; all of them where None.
        """
        _, ends = self.encoder(self.embed(inputs), lengths)
        return self.readout(ends)
