"""Encoder-decoders: against torch's modules row by row and step by step, and with padding against without."""

import numpy as np
import pytest
import torch
from sizes import H, T, V
from torch import Tensor, nn

from pipeline.examples.batches import Padded, padded
from pipeline.examples.sets import Split
from pipeline.networks.attention import AdditiveAttention
from pipeline.networks.build import BUILDERS, Kind, num_parameters
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.networks.params import Model
from pipeline.tokens.windows import IGNORED
from pipeline.training.supervised import translation_nats

TORCH = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
W, LAYERS = 6, 2
"""Tokens of the target, and layers."""
LENGTHS = (T, T + 2, 1, T + 1)
TARGET_LENGTHS = (4, 1, 5, 2)
"""The longest source has the shortest target, so that padding of the two cannot be taken for each other."""
KINDS: tuple[Kind, ...] = ("encoder_decoder", "dot_attention", "additive_attention")

every_kind = pytest.mark.parametrize("kind", KINDS)
every_model = pytest.mark.parametrize(
    ("cell", "changes"),
    [(cell, {"bidirectional": both, "num_layers": LAYERS}) for cell in TORCH for both in (False, True)],
)


def build(kind: Kind, section: Model) -> EncoderDecoder:
    """In float64 and of random weights: as built, its biases are zero, and padding would not show."""
    network = BUILDERS[kind](section, seed=1, vocabulary_size=V, target_vocabulary_size=W).double()
    assert isinstance(network, EncoderDecoder)
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    for embed in (module for module in network.modules() if isinstance(module, nn.Embedding)):
        embed.weight.data[embed.padding_idx] = 0.0  # as training leaves it
    return network


def split() -> Split:
    rng = np.random.default_rng(3)
    targets = [np.append(rng.integers(1, W, size=u - 1), 0) for u in TARGET_LENGTHS]
    return Split([rng.integers(V, size=t) for t in LENGTHS], targets)


def vectors(embed: nn.Module, ids: Tensor, size: int) -> Tensor:
    """What a stack reads of one row, by a product with one-hot vectors; of the begin token the zero vector."""
    one_hot = torch.eye(size + 1, size, dtype=torch.float64)[ids]
    return one_hot @ embed.weight[:size] if isinstance(embed, nn.Embedding) else one_hot


def copied(rnn: nn.RNNBase, cell: str) -> nn.RNNBase:
    """torch's own module with the weights of one of our stacks."""
    theirs = TORCH[cell](rnn.input_size, rnn.hidden_size, LAYERS, batch_first=True).double()
    theirs.load_state_dict(rnn.state_dict())
    return theirs


def encoded(network: EncoderDecoder, cell: str, row: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Features (T, F) of one row, and its last state: h, and c of an LSTM, each (L, F)."""
    x = vectors(network.embed, row, V)[None]
    left, *right = (copied(stack.rnn, cell) for stack in network.encoder.stacks)
    features, state = left(x)
    parts = list(state) if cell == "lstm" else [state]
    if right:
        backward, of_right = right[0](x.flip(1))
        features = torch.cat([features, backward.flip(1)], 2)
        parts = [torch.cat(pair, 2) for pair in zip(parts, of_right if cell == "lstm" else [of_right], strict=True)]
    return features[0], [part[:, 0] for part in parts]


def looked_at(network: EncoderDecoder, state: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """What the readout reads of one state (F) beside all steps of a source (T, F), and their weights, written out."""
    attention = network.attention
    assert attention is not None
    if isinstance(attention, AdditiveAttention):
        w, u, v = attention.of_state.weight, attention.of_source.weight, attention.score.weight[0]
        scores = torch.stack([v @ torch.tanh(w @ state + u @ step) for step in source])
    else:
        scores = torch.stack([state @ step for step in source])
    weights = scores.exp() / scores.exp().sum()
    context = sum((weight * step for weight, step in zip(weights, source, strict=True)), torch.zeros_like(state))
    return torch.tanh(attention.combine.weight @ torch.cat([context, state])), weights


def expected(network: EncoderDecoder, cell: str, row: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (U, W) of one target, and the weights (U, T), a step of the decoder at a time."""
    source, parts = encoded(network, cell, row)
    first = [
        torch.stack([weight[layer] @ part[layer] + bias[layer] for layer in range(LAYERS)])[:, None]
        for part, weight, bias in zip(parts, network.bridge.weight, network.bridge.bias, strict=True)
    ]
    state = (first[0].tanh(), *first[1:]) if cell == "lstm" else first[0].tanh()
    decoder, logits, weights = copied(network.decoder.rnn, cell), [], []
    assert network.readout.weight is not None
    for previous in [W, *target[:-1].tolist()]:
        output, state = decoder(vectors(network.target_embed, torch.tensor([[previous]]), W), state)
        feature = output[0, 0]
        if network.attention is not None:
            feature, of_step = looked_at(network, feature, source)
            weights.append(of_step)
        logits.append(network.readout.weight @ feature + network.readout.bias)
    return torch.stack(logits), torch.stack(weights) if weights else torch.empty(0)


@every_kind
@every_model
@pytest.mark.parametrize("embedding_size", [5, None])
def test_each_row_is_what_torchs_modules_make_of_it_alone(model, kind, cell, changes, embedding_size):
    network = build(kind, model(cell, embedding_size=embedding_size, **changes))
    inputs, lengths, targets = with_garbage(padded(split(), range(len(LENGTHS))), seed=1)
    memory, state = network.encode(inputs, lengths)
    logits, weights, _ = network.decode(network.shifted(targets), memory, state)
    torch.testing.assert_close(network(inputs, lengths, targets), logits)
    for i, (t, u) in enumerate(zip(LENGTHS, TARGET_LENGTHS, strict=True)):
        of_row, weights_of_row = expected(network, cell, inputs[i, :t], targets[i, :u])
        torch.testing.assert_close(logits[i, :u], of_row)
        if weights is not None:
            torch.testing.assert_close(weights[i, :u, :t], weights_of_row)
            assert not weights[i, :, t:].any()


def with_garbage(batch: Padded, seed: int) -> Padded:
    """Any ids in the padding of the inputs."""
    inputs, lengths, targets = batch
    garbage = torch.randint(1, V, inputs.shape, generator=torch.Generator().manual_seed(seed))
    is_padding = torch.arange(inputs.shape[1]) >= lengths[:, None]
    assert is_padding.any()
    assert (targets == IGNORED).any()
    return torch.where(is_padding, garbage, inputs), lengths, targets


def loss_and_gradients(network: EncoderDecoder, batches: list[Padded]) -> tuple[Tensor, list[Tensor]]:
    network.zero_grad()
    loss = torch.stack([translation_nats(network, batch) for batch in batches]).sum()
    loss.backward()
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    assert len(gradients) == len(list(network.parameters()))
    return loss.detach(), [gradient.clone() for gradient in gradients]


@every_kind
@every_model
def test_padding_reaches_no_loss_and_no_gradient(model, kind, cell, changes):
    network, rows = build(kind, model(cell, **changes)), range(len(LENGTHS))
    batch = padded(split(), rows)
    among, gradients = loss_and_gradients(network, [with_garbage(batch, seed=1)])
    alone, expected = loss_and_gradients(network, [padded(split(), [i]) for i in rows])
    torch.testing.assert_close(among, alone)
    torch.testing.assert_close(gradients, expected)
    other, other_gradients = loss_and_gradients(network, [with_garbage(batch, seed=2)])
    torch.testing.assert_close(other, among, rtol=0, atol=0)
    torch.testing.assert_close(other_gradients, gradients, rtol=0, atol=0)


@every_kind
def test_no_target_reaches_its_own_logits(model, kind):
    """Teacher forcing gives the tokens before alone."""
    network = build(kind, model("lstm", bidirectional=True))
    inputs, lengths, targets = padded(split(), [0])
    other = targets.clone()
    other[0, 2] = (targets[0, 2] + 1) % W
    before, after = network(inputs, lengths, targets), network(inputs, lengths, other)
    torch.testing.assert_close(after[:, :3], before[:, :3], rtol=0, atol=0)
    assert (after[:, 3] != before[:, 3]).all()


@every_kind
def test_the_decoder_goes_on_from_its_state(model, kind):
    """Token by token, as a search reads, the logits are those of the whole target."""
    network = build(kind, model("lstm", num_layers=2, bidirectional=True))
    inputs, lengths, targets = padded(split(), [1, 2])
    memory, state = network.encode(inputs, lengths)
    steps = []
    for column in network.shifted(targets).T:
        logits, _, state = network.decode(column[:, None], memory, state)
        steps.append(logits[:, 0])
    torch.testing.assert_close(torch.stack(steps, 1), network(inputs, lengths, targets))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_decoder_has_a_unit_for_each_feature(model, bidirectional):
    network = build("dot_attention", model("gru", bidirectional=bidirectional))
    features = H * (2 if bidirectional else 1)
    assert network.decoder.rnn.hidden_size == features
    assert [stack.rnn.input_size for stack in network.stacks] == [5] * len(network.stacks)
    assert network.begin_id == W


def test_the_begin_tokens_of_both_sides_are_no_parameters(model):
    plain = BUILDERS["encoder_decoder"](model("gru"), seed=1, vocabulary_size=V, target_vocabulary_size=W)
    stacks = 2 * 3 * H * (5 + H + 2)
    assert num_parameters(plain) == 5 * (V + W) + stacks + H * H + H + W * (H + 1)


def test_tied_weights_are_the_targets_look_up(model):
    network = build("dot_attention", model("gru", embedding_size=H, tied_embeddings=True))
    assert network.readout.weight is None
    assert network.readout.tied_to[0] is network.target_embed
    assert network(*padded(split(), [0, 1])).shape == (2, 4, W)
