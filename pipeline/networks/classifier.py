"""The many-to-one networks: the probabilities of classes, or one number, for a whole sequence."""

from jaxtyping import Float, Int
from torch import Tensor

from pipeline.networks.sequence import Inputs, SequenceNetwork


class Classifier(SequenceNetwork):
    """Softmax logits read off the ends.

    The ends are the state after step T, and where the model reads both ways, the right state after step 1 too: each has
    read everything. A sequence of one step makes it the one-to-one network.
    """

    def forward(self, inputs: Inputs, lengths: Int[Tensor, " B"] | None = None) -> Float[Tensor, "B C"]:
        """Logits of the classes of each sequence; `lengths` as in `features`."""
        _, ends = self.features(inputs, lengths)
        return self.readout(ends)


class Regressor(Classifier):
    """The same with one output, which is the answer itself."""

    def forward(self, inputs: Inputs, lengths: Int[Tensor, " B"] | None = None) -> Float[Tensor, " B"]:
        """One number a sequence."""
        return super().forward(inputs, lengths).squeeze(-1)
