"""The share of the gradient by lag against torch's own cells, one example at a time, with nudges of each state."""

import numpy as np
import pytest
import torch
from sizes import E, H, V
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.analysis.shares import gradient_shares, shares_of_examples
from pipeline.examples.sets import Split
from pipeline.networks.build import build_classifier, build_frame_classifier, build_regressor
from pipeline.networks.classifier import Classifier

CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
C, MAX_LAG = 3, 4
LENGTHS = (6, 1, 4, 9, 5, 3, 4, 6)
"""One step, fewer than MAX_LAG, as many, one more, and several more, in no order."""


@pytest.fixture
def split() -> Split:
    rng = np.random.default_rng(1)
    return Split([rng.integers(V, size=t) for t in LENGTHS], [np.array(rng.integers(C)) for _ in LENGTHS])


def with_biases(network: Classifier) -> Classifier:
    generator = torch.Generator().manual_seed(2)
    for stack in network.stacks:
        for name, weight in stack.rnn.named_parameters():
            if name.startswith("bias"):
                weight.data.normal_(generator=generator)
    return network


def nudged_states(rnn: nn.RNNBase, x: Tensor) -> tuple[Tensor, list[list[Tensor]]]:
    """The top h after reading x (T, E), and the zeros added to each part of each layer's state after each step."""
    kind = {nn.RNN: "rnn", nn.GRU: "gru", nn.LSTM: "lstm"}[type(rnn)]
    cells = [CELLS[kind](E if layer == 0 else H, H).double() for layer in range(rnn.num_layers)]
    for layer, cell in enumerate(cells):
        cell.load_state_dict({name: getattr(rnn, f"{name}_l{layer}").double() for name in cell.state_dict()})
    parts = 2 if kind == "lstm" else 1
    states = [[torch.zeros(1, H, dtype=torch.float64) for _ in range(parts)] for _ in cells]
    nudges = []
    for step in x.unbind(0):
        below, nudges_now = step[None], []
        for layer, cell in enumerate(cells):
            new = cell(below, tuple(states[layer]) if parts == 2 else states[layer][0])
            new = new if parts == 2 else (new,)
            zeros = [torch.zeros(1, H, dtype=torch.float64, requires_grad=True) for _ in new]
            states[layer] = [part + zero for part, zero in zip(new, zeros, strict=True)]
            nudges_now += zeros
            below = new[0]
        nudges.append(nudges_now)
    return states[-1][0], nudges


def expected_shares(network: Classifier, ids: np.ndarray, target: int, measured: int) -> list[float]:
    x = network.embed(torch.from_numpy(ids)).detach().double()
    read = [nudged_states(stack.rnn, rows) for stack, rows in zip(network.stacks, (x, x.flip(0)), strict=False)]
    features = torch.cat([end for end, _ in read], 1)
    assert network.readout.weight is not None
    logits = features @ network.readout.weight.double().T + network.readout.bias.double()
    loss = F.cross_entropy(logits, torch.tensor([target]))
    nudges = read[measured][1]
    each = [nudge for step in nudges for nudge in step]
    gradients = torch.autograd.grad(loss, each, allow_unused=True, materialize_grads=True)  # c, and layers below, at T
    squares = torch.stack([gradient.square().sum() for gradient in gradients]).reshape(len(nudges), -1).sum(1)
    norms = squares.sqrt().flip(0)[: MAX_LAG + 1]
    return (norms / norms[0]).tolist()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_shares_are_those_of_torchs_cells_one_example_at_a_time(model, split, cell, num_layers, bidirectional):
    section = model(cell, num_layers=num_layers, bidirectional=bidirectional, dropout=0.5)
    network = with_biases(build_classifier(section, V, C, seed=1))
    found = shares_of_examples(network, split, MAX_LAG)
    assert list(found) == (["left", "right"] if bidirectional else ["left"])
    for measured, shares in enumerate(found.values()):
        for row, ids, target in zip(shares, split.inputs, split.targets, strict=True):
            expected = expected_shares(network, ids, int(target), measured)
            np.testing.assert_allclose(row[: len(expected)], expected, rtol=1e-6)
            assert np.isnan(row[len(expected) :]).all()
    assert network.training, "what is measured is a copy"


def test_the_rows_are_means_over_the_examples_that_go_back_so_far(model, split):
    network = build_classifier(model("gru"), V, C, seed=1)
    shares = shares_of_examples(network, split, MAX_LAG)["left"]
    rows = gradient_shares(network, split, MAX_LAG)["left"]
    assert [row["n"] for row in rows] == [8, 7, 7, 6, 4]
    assert [row["lag"] for row in rows] == [0, 1, 2, 3, 4]
    assert rows[0]["share"] == 1.0
    for row in rows:
        longer = [share for share, length in zip(shares[:, row["lag"]], LENGTHS, strict=True) if length > row["lag"]]
        assert row["share"] == pytest.approx(sum(longer) / len(longer))
    assert len(gradient_shares(network, split, 20)["left"]) == max(LENGTHS)


def halving(network: Classifier) -> Classifier:
    """h_t = relu(W x_t + h_{t-1} / 2) of positive frames, with positive weights: the gradient halves at each step."""
    for name, weight in network.stacks[0].rnn.named_parameters():
        weight.data = {"weight_ih_l0": weight.data.abs(), "weight_hh_l0": torch.eye(H) / 2}.get(name, weight.data)
    return network


def test_a_linear_network_that_halves_its_state_halves_the_share(model):
    section = model("rnn", nonlinearity="relu")
    frames = [np.random.default_rng(t).random((t, E), np.float32) for t in (3, 60)]
    classes = Split(frames, [np.array(1), np.array(2)])
    numbers = Split(frames, [np.array(0.5, np.float32), np.array(-1.5, np.float32)])
    for network, split in (
        (build_frame_classifier(section, E, C, seed=1), classes),
        (build_regressor(section, E, seed=1), numbers),
    ):
        rows = gradient_shares(halving(network), split, 50)["left"]
        assert [row["share"] for row in rows] == pytest.approx([0.5**k for k in range(51)], rel=1e-9)
        assert [row["n"] for row in rows] == [2] * 3 + [1] * 48


def test_an_example_whose_loss_has_no_gradient_says_nothing(model):
    network = build_regressor(model("rnn"), E, seed=1)
    network.readout.get_parameter("weight").data.zero_()
    frames = np.ones((3, E), np.float32)
    assert gradient_shares(network, Split([frames], [np.array(1.0, np.float32)]), 2) == {"left": []}
