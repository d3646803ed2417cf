"""The encoder and the regressor against torch's own networks with the same weights."""

import pytest
import torch
from sizes import B, E, H, T
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipeline.networks.build import build_regressor
from pipeline.networks.classifier import Regressor
from pipeline.networks.params import Model

KINDS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
LENGTHS = torch.tensor([T, T + 2, 1])
every_model = pytest.mark.parametrize(
    ("cell", "changes"), [(cell, {"bidirectional": both}) for cell in KINDS for both in (False, True)]
)


@pytest.fixture
def x(generator) -> Tensor:
    return torch.randn(len(LENGTHS), T + 2, E, generator=generator)


def regressor(section: Model) -> Regressor:
    """Of random weights: as built, its biases are zero."""
    network = build_regressor(section, E, seed=1).double()
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight.data += 0.3 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return network


def torchs(network: Regressor, cell: str) -> nn.RNNBase:
    """torch's network of one layer, in both directions where ours reads both ways, with the same weights."""
    theirs = KINDS[cell](E, H, batch_first=True, bidirectional=len(network.stacks) == 2).double()
    for stack, direction in zip(network.stacks, ("", "_reverse"), strict=False):
        for name, weight in stack.rnn.named_parameters():
            theirs.get_parameter(name + direction).data.copy_(weight.data)
    return theirs


def ends_of(hidden: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """torch's h_n (directions, B, H), side by side."""
    h = hidden[0] if isinstance(hidden, tuple) else hidden
    return torch.cat(list(h), dim=-1)


@every_model
def test_the_features_are_torchs(model, x, cell, changes):
    network = regressor(model(cell, **changes))
    features, ends = network.encoder(x.double())
    expected, hidden = torchs(network, cell)(x.double())
    torch.testing.assert_close(features, expected)
    torch.testing.assert_close(ends, ends_of(hidden))


@every_model
def test_the_features_of_padded_rows_are_torchs_packed(model, x, cell, changes):
    network = regressor(model(cell, **changes))
    features, ends = network.encoder(x.double(), LENGTHS)
    packed = pack_padded_sequence(x.double(), LENGTHS, batch_first=True, enforce_sorted=False)
    output, hidden = torchs(network, cell)(packed)
    torch.testing.assert_close(features, pad_packed_sequence(output, batch_first=True)[0])
    torch.testing.assert_close(ends, ends_of(hidden))


@every_model
def test_every_step_reaches_both_ends(model, x, cell, changes):
    network = regressor(model(cell, **changes))
    rows = x.double().requires_grad_()
    _, ends = network.encoder(rows, LENGTHS)
    for end in ends.split(H, dim=1):
        (gradient,) = torch.autograd.grad(end.sum(), rows, retain_graph=True)
        reached = gradient.abs().sum(-1) > 0
        assert reached.sum(1).tolist() == LENGTHS.tolist()


@pytest.mark.parametrize("both", [False, True])
def test_a_regressor_is_drawn_as_a_language_model_is_but_for_the_look_up(model, both):
    section = model("lstm", bidirectional=both, forget_bias=None, chrono_steps=40)
    generator = torch.Generator().manual_seed(3)
    network = build_regressor(section, 2, seed=3)
    assert len(network.stacks) == 1 + both
    for stack in network.stacks:
        for name, size in (("weight_ih_l0", 2), ("weight_hh_l0", H)):
            draw = nn.init.xavier_uniform_ if size == 2 else nn.init.orthogonal_
            gates = [draw(torch.empty(H, size), generator=generator) for _ in range(4)]
            assert torch.equal(stack.rnn.get_parameter(name), torch.cat(gates))
    bound = (H * (1 + both)) ** -0.5
    weight = torch.empty(1, H * (1 + both)).uniform_(-bound, bound, generator=generator)
    assert network.readout.weight is not None
    assert torch.equal(network.readout.weight, weight)
    for stack in network.stacks:
        keep = torch.empty(H).uniform_(1, 39, generator=generator).log()
        assert torch.equal(stack.rnn.get_parameter("bias_ih_l0")[H : 2 * H], keep)


def test_dropout_acts_in_training_alone(model):
    network = build_regressor(model("gru", dropout=0.5), E, seed=1)
    x = torch.ones(B, T, E)
    assert not torch.equal(network(x), network(x))
    assert torch.equal(network.eval()(x), network(x))
