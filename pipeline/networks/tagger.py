"""The many-to-many network of equal lengths: the probabilities of classes at every step."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks.encoder import Encoder
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack


class Tagger(nn.Module):
    """Look-up, an encoder, softmax logits read off its features at each step.

    A model that reads both ways has seen the whole sequence at every step, one that reads from the left its start.
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
    ) -> Float[Tensor, "B T C"]:
        """Logits of the classes at each step; those behind a row's length mean nothing.

        Args:
            inputs: ids, or frames where the network has no look-up.
            lengths: steps of each row that count, at least 1; all of them where None.
        """
        features, _ = self.encoder(self.embed(inputs), lengths)
        return self.readout(features)
