"""Networks that read whole sequences: against torch's modules row by row, and with padding against without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from sizes import E, H, T, V
from torch import Tensor, nn

from pipeline.examples.batches import Padded, padded
from pipeline.examples.sets import Split
from pipeline.networks.build import BUILDERS, Kind, sizes_of
from pipeline.networks.inputs import FrameConvolution, WordsAndCharacters
from pipeline.networks.params import Model
from pipeline.networks.sequence import SequenceNetwork
from pipeline.training.supervised import Loss, class_nats, crf_nats, ctc_nats, squared_error

TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
C, D, LAYERS = 4, 6, 2
NUM_CHARACTERS, F = 9, 3
HEIGHT, WIDTH = 5, 6
OPTIONS = {
    "words": {"num_characters": NUM_CHARACTERS, "character_size": F},
    "images": {"height": HEIGHT, "width": WIDTH, "features": F},
}
LENGTHS = (T, T + 2, 1, T + 1)
"""Of the rows of a batch: one is a single step, which is the one-to-one network, and one has no padding."""


@dataclass(frozen=True)
class Case:
    """A kind of network, what it reads and what it is trained for."""

    kind: Kind
    reads: str
    loss: Loss[Any]

    def build(self, section: Model) -> SequenceNetwork:
        """In float64 and of random weights: as built, its biases are zero, and padding would not show."""
        sizes = {"vocabulary_size": V, "num_channels": self.channels, "num_inputs": D, "num_classes": C}
        build, (known, *_) = BUILDERS[self.kind], sizes_of(self.kind)
        own = {name: sizes[name] for name in known} | OPTIONS.get(self.reads, {})
        network = build(section, seed=1, **own).double()
        assert isinstance(network, SequenceNetwork)
        generator = torch.Generator().manual_seed(2)
        for weight in network.parameters():
            weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        for embed in (module for module in network.modules() if isinstance(module, nn.Embedding)):
            embed.weight.data[embed.padding_idx] = 0.0  # as training leaves it
        return network

    @property
    def channels(self) -> int:
        """D of its frames."""
        return HEIGHT * WIDTH if self.reads == "images" else D

    def split(self) -> Split:
        """An example of each length."""
        rng = np.random.default_rng(3)
        frames = self.reads in ("frames", "images")
        target = {
            "regressor": lambda t: np.array(rng.normal()),
            "tagger": lambda t: rng.integers(C, size=t),
            "frame_tagger": lambda t: rng.integers(C, size=t),
            "crf_tagger": lambda t: rng.integers(C, size=t),
        }.get(self.kind, lambda t: np.array(rng.integers(C)))
        inputs = [rng.normal(size=(t, self.channels)) if frames else rng.integers(V, size=t) for t in LENGTHS]
        if self.loss is ctc_nats:
            return Split(inputs, [rng.integers(1, C, size=(t + 1) // 2) for t in LENGTHS])
        characters = [words(t, longest, rng) for longest, t in enumerate(LENGTHS, start=2)]
        return Split(inputs, [target(t) for t in LENGTHS], characters=characters if self.reads == "words" else None)


def words(number: int, longest: int, rng: np.random.Generator) -> np.ndarray:
    """Characters of words of 0 to `longest` characters; a word with none is one that the tokenizer strips."""
    rows = rng.integers(1, NUM_CHARACTERS, size=(number, longest))
    return np.where(np.arange(longest) < rng.integers(longest + 1, size=(number, 1)), rows, 0)


CASES = {
    "classifier": Case("classifier", "ids", class_nats),
    "frame_classifier": Case("frame_classifier", "frames", class_nats),
    "frame_classifier of images": Case("frame_classifier", "images", class_nats),
    "frame_tagger": Case("frame_tagger", "frames", class_nats),
    "frame_tagger of images": Case("frame_tagger", "images", class_nats),
    "regressor": Case("regressor", "frames", squared_error),
    "tagger": Case("tagger", "ids", class_nats),
    "frame_tagger of transcripts": Case("frame_tagger", "frames", ctc_nats),
    "crf_tagger": Case("crf_tagger", "ids", crf_nats),
    "tagger with characters": Case("tagger", "words", class_nats),
    "classifier with characters": Case("classifier", "words", class_nats),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_model = pytest.mark.parametrize(
    ("cell", "changes"),
    [(cell, {"bidirectional": both, "num_layers": LAYERS}) for cell in TORCH for both in (False, True)],
)


def with_garbage(batch: Padded, seed: int) -> Padded:
    """Any ids, or large numbers, in the padding of the inputs."""
    inputs, lengths, targets = batch
    generator = torch.Generator().manual_seed(seed)
    garbage = torch.randint(1, V, inputs.shape, generator=generator)
    is_padding = torch.arange(inputs.shape[1]) >= lengths[:, None]
    assert is_padding.any()
    if inputs.is_floating_point():
        garbage = 100.0 * garbage
    elif inputs.ndim == 3:
        garbage = garbage % NUM_CHARACTERS
    return torch.where(is_padding if inputs.ndim == 2 else is_padding[..., None], garbage, inputs), lengths, targets


def copied(rnn: nn.RNNBase, cell: str) -> nn.RNNBase:
    """torch's own module with the weights of one of our stacks."""
    theirs = TORCH[cell](rnn.input_size, H, LAYERS, batch_first=True).double()
    theirs.load_state_dict(rnn.state_dict())
    return theirs


def vectors(network: SequenceNetwork, row: Tensor) -> Tensor:
    """What the stacks read of one row, by a product with one-hot vectors."""
    if isinstance(network.embed, FrameConvolution):
        return torch.stack([seen(network.embed, frame.reshape(1, HEIGHT, WIDTH)) for frame in row])
    if row.is_floating_point():
        return row
    ids, embed = row, network.embed
    if isinstance(embed, WordsAndCharacters):
        ids, embed = row[:, 0], embed.words
    one_hot = torch.eye(V, dtype=torch.float64)[ids]
    of_words = one_hot @ embed.weight[:V] if isinstance(embed, nn.Embedding) else one_hot
    if not isinstance(network.embed, WordsAndCharacters):
        return of_words
    spelled = [spelling(network.embed, word[word > 0]) for word in row[:, 1:]]
    return torch.cat([of_words, torch.stack(spelled)], 1)


def spelling(embed: WordsAndCharacters, word: Tensor) -> Tensor:
    """The largest of each feature over the windows around each character of a word alone, written out."""
    weight, bias = embed.convolution.weight, embed.convolution.get_parameter("bias")
    around = torch.cat([torch.zeros(1, F), embed.characters.weight[word], torch.zeros(1, F)])
    windows = [sum(weight[:, :, k] @ around[i + k] for k in range(3)) + bias for i in range(len(word))]
    return torch.stack([torch.zeros(F), *windows]).amax(0)


def seen(embed: FrameConvolution, image: Tensor) -> Tensor:
    """Both convolutions at one place after the other, and what they say as numbers of mean 0 and variance 1."""
    for layer in (embed.fine, embed.coarse):
        image = convolved(image, layer.weight, layer.get_parameter("bias")).clamp(min=0)
    flat = image.flatten()
    return (flat - flat.mean()) / (flat.var(correction=0) + 1e-5).sqrt()


def convolved(image: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The product of the weights with the 3 x 3 pixels around every other pixel, zeros beyond the edge."""
    _, height, width = image.shape
    around = torch.zeros(len(image), height + 2, width + 2, dtype=image.dtype)
    around[:, 1:-1, 1:-1] = image
    rows = [
        [(weight * around[:, r : r + 3, c : c + 3]).sum((1, 2, 3)) + bias for c in range(0, width, 2)]
        for r in range(0, height, 2)
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def features_of(network: SequenceNetwork, cell: str, row: Tensor) -> tuple[Tensor, Tensor]:
    """torch's features of each step of one row (T, F), and of its ends (F)."""
    x = vectors(network, row)[None]
    left, *right = (copied(stack.rnn, cell) for stack in network.stacks)
    forward = left(x)[0][0]
    if not right:
        return forward, forward[-1]
    backward = right[0](x.flip(1))[0][0].flip(0)
    return torch.cat([forward, backward], 1), torch.cat([forward[-1], backward[0]])


@pytest.mark.parametrize("embedding_size", [E, None])
@every_model
@every_case
def test_each_row_is_what_torchs_modules_make_of_it_alone(model, case, cell, changes, embedding_size):
    network = case.build(model(cell, embedding_size=embedding_size, **changes))
    inputs, lengths, _ = with_garbage(padded(case.split(), range(len(LENGTHS))), seed=1)
    outputs = network(inputs, lengths)
    assert network.readout.weight is not None
    for row, length, output in zip(inputs, LENGTHS, outputs, strict=True):
        features, ends = features_of(network, cell, row[:length])
        read = features if case.kind.endswith("tagger") else ends
        expected = read @ network.readout.weight.T + network.readout.bias
        found = output[:length] if case.kind.endswith("tagger") else output.reshape(-1)
        torch.testing.assert_close(found, expected)


def loss_and_gradients(network: SequenceNetwork, ask: Callable[[], Tensor]) -> tuple[Tensor, list[Tensor]]:
    network.zero_grad()
    loss = ask()
    loss.backward()
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    assert len(gradients) == len(list(network.parameters()))
    return loss.detach(), [gradient.clone() for gradient in gradients]


@every_model
@every_case
def test_padding_reaches_no_loss_and_no_gradient(model, case, cell, changes):
    network, split, rows = case.build(model(cell, **changes)), case.split(), range(len(LENGTHS))
    batch = padded(split, rows)
    among, gradients = loss_and_gradients(network, lambda: case.loss(network, with_garbage(batch, seed=1)))
    alone, expected = loss_and_gradients(
        network, lambda: torch.stack([case.loss(network, padded(split, [i])) for i in rows]).sum()
    )
    torch.testing.assert_close(among, alone)
    torch.testing.assert_close(gradients, expected)
    other, other_gradients = loss_and_gradients(network, lambda: case.loss(network, with_garbage(batch, seed=2)))
    torch.testing.assert_close(other, among, rtol=0, atol=0)
    torch.testing.assert_close(other_gradients, gradients, rtol=0, atol=0)
