"""A network whose probabilities are known: a table of bigrams over EOS, UNK, a and b."""

from collections import Counter

import torch

from pipeline.base.params import Model
from pipeline.networks.build import build
from pipeline.networks.bundle import Bundle
from pipeline.networks.embedding import Readout
from pipeline.tokens.vocabulary import Vocabulary, learn

FIRST = torch.tensor([0.125, 0.125, 0.5, 0.25])
"""p(y_1): EOS, UNK, a, b."""
NEXT = torch.tensor(
    [[0.25, 0.25, 0.25, 0.25], [0.5, 0.25, 0.125, 0.125], [0.25, 0.125, 0.125, 0.5], [0.5, 0.125, 0.25, 0.125]]
)
"""p(next | row)."""


def bigram_bundle(section: Model) -> Bundle:
    """A relu network of four units on one-hot inputs: its state is the last input, its readout the table."""
    network = build(section, 4, seed=1).eval()
    assert isinstance(network.readout, Readout)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.get_parameter("stack.rnn.weight_ih_l0").copy_(torch.eye(4))
        network.get_parameter("readout.bias").copy_(FIRST.log())
        network.get_parameter("readout.weight").copy_((NEXT.log() - FIRST.log()).T)
    return Bundle(network, Vocabulary(learn(Counter("aab"), 10, "char")), section, "char", 1)
