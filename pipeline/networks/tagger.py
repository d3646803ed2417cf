"""The many-to-many network of equal lengths: the probabilities of classes at every step."""

from jaxtyping import Float, Int
from torch import Tensor

from pipeline.networks.sequence import Inputs, SequenceNetwork


class Tagger(SequenceNetwork):
    """Softmax logits read off the features of each step.

    A model that reads both ways has seen the whole sequence at every step, one that reads from the left the steps
    so far.
    """

    def forward(self, inputs: Inputs, lengths: Int[Tensor, " B"] | None = None) -> Float[Tensor, "B T C"]:
        """Logits of the classes at each step, meaningless behind a row's length; `lengths` as in `features`."""
        features, _ = self.features(inputs, lengths)
        return self.readout(features)
