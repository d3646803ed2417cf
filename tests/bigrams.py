"""A network whose probabilities are known: a table of bigrams over EOS, UNK, a and b."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.base.artifacts import Record, write_nats
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import build_language_model
from pipeline.networks.inputs import OneHot
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.params import Model
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack
from pipeline.tokens.vocabulary import Vocabulary, learn

FIRST = torch.tensor([0.125, 0.125, 0.5, 0.25])
"""p(y_1): EOS, UNK, a, b."""
NEXT = torch.tensor(
    [[0.25, 0.25, 0.25, 0.25], [0.5, 0.25, 0.125, 0.125], [0.25, 0.125, 0.125, 0.5], [0.5, 0.125, 0.25, 0.125]]
)
"""p(next | row)."""


def bigram_network(first: Tensor, following: Tensor) -> LanguageModel:
    """A network with known probabilities: its state is the last one-hot input, its readout a table of bigrams.

    From the zero vector the logits are the bias, ln p(y_1); after token i, the bias plus column i of the weights.
    """
    rnn = nn.RNN(4, 4, nonlinearity="relu", batch_first=True)
    readout = Readout(4, 4, None)
    assert readout.weight is not None
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.zero_()
        rnn.get_parameter("weight_ih_l0").copy_(torch.eye(4))
        readout.bias.copy_(first.log())
        readout.weight.copy_((following.log() - first.log()).T)
    return LanguageModel(4, OneHot(4), RecurrentStack(rnn, 0.0), readout).eval()


def bigram_bundle(section: Model) -> LanguageBundle:
    """A relu network of four units on one-hot inputs: its state is the last input, its readout the table."""
    network = build_language_model(section, 4, seed=1).eval()
    assert isinstance(network.readout, Readout)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.get_parameter("stack.rnn.weight_ih_l0").copy_(torch.eye(4))
        network.get_parameter("readout.bias").copy_(FIRST.log())
        network.get_parameter("readout.weight").copy_((NEXT.log() - FIRST.log()).T)
    return LanguageBundle(network, Vocabulary(learn(Counter("aab"), 10, "char")), section, "char", 1)


TRAINING = np.array([2, 3, 0, 2, 3, 2, 0, 3, 0, 2, 2, 3, 0], np.uint8)
"""What the n-gram beside the network has counted: ab, aba, b, aab."""


def save_run(bundle: LanguageBundle, out: Path, batching: str = "stream") -> Path:
    """The bundle in `out`/train, and beside it the n-gram, which has the weight 1/4. Returns its folder."""
    folder, ids, baseline = out / "train/char-bigram-1", out / "vocabulary/char", out / "baseline/char"
    for each in (folder, ids, baseline):
        each.mkdir(parents=True)
    bundle.save(folder)
    bundle.vocabulary.save(ids / "tokenizer.json")
    np.save(ids / "train.npy", TRAINING)
    Record({"batching.mode": batching}, {}, {"best_order": 2.0}).save(baseline)
    nats = np.array([0.0, 0.0, 0.0, 50.0])  # each is sure of its own tokens
    write_nats(folder, {"validation": nats})
    write_nats(baseline, {"validation": 50.0 - nats})
    return folder
