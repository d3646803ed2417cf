"""The many-to-many networks of equal lengths: the probabilities of classes at every step."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from pipeline.networks import crf
from pipeline.networks.crf import Allowed, Chain
from pipeline.networks.encoder import Encoder
from pipeline.networks.readout import Readout
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

    @property
    def chain(self) -> Chain:
        """What a path scores beside its logits: nothing, each step has a softmax of its own."""
        zero = torch.zeros_like(self.readout.bias)
        return Chain(zero, zero[:, None] + zero, zero)

    def nats(self, inputs: Inputs, lengths: Int[Tensor, " B"], targets: Int[Tensor, "B T"]) -> Float[Tensor, " B"]:
        """-ln p of the classes of each row."""
        return crf.nats(self(inputs, lengths).to(self.readout.bias), lengths, targets, self.chain)

    def marginals(
        self, inputs: Inputs, lengths: Int[Tensor, " B"], allowed: Allowed | None = None
    ) -> Float[Tensor, "B T C"]:
        """The probability of each class at each step, on all paths, or on those allowed."""
        return crf.marginals(self(inputs, lengths), lengths, self.chain.only(allowed))

    def decode(self, inputs: Inputs, lengths: Int[Tensor, " B"], allowed: Allowed | None = None) -> Int[Tensor, "B T"]:
        """The most probable path of each row, of all or of those allowed; IGNORED behind its length."""
        return crf.best_path(self(inputs, lengths), lengths, self.chain.only(allowed))


class CrfTagger(Tagger):
    """A conditional random field over the logits: the transitions between classes have scores, too.

    They start at zero, as a plain tagger, and no number is drawn for them.
    """

    def __init__(self, embed: nn.Module | None, encoder: Encoder, readout: Readout) -> None:
        super().__init__(embed, encoder, readout)
        num_classes = len(readout.bias)
        self.start = nn.Parameter(torch.zeros(num_classes))
        self.between = nn.Parameter(torch.zeros(num_classes, num_classes))
        self.end = nn.Parameter(torch.zeros(num_classes))

    @property
    def chain(self) -> Chain:
        """The scores that are learned."""
        return Chain(self.start, self.between, self.end)
