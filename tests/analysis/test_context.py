"""Loss by context against an unbatched loop, and networks whose use of the context is known."""

import copy
import json
import math
from collections import Counter

import numpy as np
import pytest
import torch
from sizes import V
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.analysis.context import effective, lengths, measure, shuffled_beyond
from pipeline.analysis.gradients import positions_of
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.inputs import OneHot
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack, State
from pipeline.tokens.windows import Ids, Window

K, P, SEED = 9, 5, 1
CONTEXT = [1, 2, 4, 8, 16]
KINDS = {
    "rnn": {"cell": "rnn"},
    "gru": {"cell": "gru", "num_layers": 2},
    "lstm": {"cell": "lstm"},
    "cloze": {"cell": "lstm", "bidirectional": True},
}


@pytest.fixture
def network_of(model):
    """A maker of networks whose losses differ from place to place."""

    def make(name: str) -> Network:
        network, generator = build_language_model(model(**KINDS[name]), V, seed=1), torch.Generator().manual_seed(2)
        for weight in network.parameters():
            weight.data += 0.5 * torch.randn(weight.shape, generator=generator)
        network.get_parameter("embed.weight").data[V] = 0
        return network.eval()

    return make


def some_ids(size: int = 120) -> Ids:
    return np.random.default_rng(3).integers(0, V, size).astype(np.uint8)


def some_window(ids: Ids | None = None, positions: int = P) -> Window:
    return positions_of(some_ids() if ids is None else ids, V, K, positions)


class Echo(RecurrentStack):
    """Its feature at each step is what it read `back` steps before that: the one-hot vector, or zero."""

    def __init__(self, back: int) -> None:
        super().__init__(nn.RNN(V, V, batch_first=True), dropout=0.0)
        self.back = back

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return F.pad(x, (0, 0, self.back, 0))[:, : x.shape[1]], self.zero_state(len(x))


def echo(back: int, weight: float = 8.0) -> LanguageModel:
    """Expects the token that stands `back` + 1 tokens before the next one."""
    readout = Readout(V, V, None)
    assert readout.weight is not None
    readout.weight.data, readout.bias.data = weight * torch.eye(V), torch.zeros(V)
    return LanguageModel(V, OneHot(V), Echo(back), readout)


def loss_of_one(network: Network, inputs: list[int], targets: list[int]) -> float:
    """-ln p(targets[0]) after these inputs alone; a cloze model reads the targets that follow, from the right."""
    x = torch.tensor([inputs])
    with torch.no_grad():
        if isinstance(network, ClozeModel):
            ahead = [V if y == 0 else y for y in reversed(targets[1:])]
            right = network.right(network.embed(torch.tensor([[V, *ahead]])))[0][0, -1]
            logits = network.readout(torch.cat([network.left(network.embed(x))[0][0, -1], right])[None, None])[0, 0]
        else:
            logits = network(x)[0][0, -1]
    return float(-logits.log_softmax(0)[targets[0]])


@pytest.mark.parametrize("name", KINDS)
def test_each_place_alone_without_a_batch(network_of, name):
    """Contexts from the text itself: the n ids before y_t, EOS read as the begin token."""
    network, ids = network_of(name), some_ids()
    at = np.linspace(2 * K, len(ids) - 1 - K, P).astype(int)
    read, rng = np.where(ids == 0, V, ids).astype(np.int64), np.random.default_rng(SEED)
    targets = [ids[t : t + K + 1].tolist() for t in at]
    whole = np.array([read[t - 2 * K : t] for t in at])

    def losses(contexts: np.ndarray) -> np.ndarray:
        pairs = zip(contexts.tolist(), targets, strict=True)
        return np.array([loss_of_one(network, inputs, y) for inputs, y in pairs])

    full = losses(whole)
    cut = np.array([losses(np.array([read[t - n : t] for t in at])) for n in CONTEXT])
    shuffled = np.array([losses(shuffled_beyond(whole, n, rng)) for n in CONTEXT])
    measured = measure(network, some_window(ids), K, SEED)
    assert measured["context"] == CONTEXT
    assert measured["full"] == pytest.approx(full.mean(), rel=1e-5)
    for key, by_length in (("cut", cut), ("shuffled", shuffled)):
        assert measured[key] == pytest.approx(by_length.mean(axis=1).tolist(), rel=1e-5)
        differences = by_length - full
        half = 1.96 * np.sqrt(((differences - differences.mean(1, keepdims=True)) ** 2).sum(1) / (P - 1) / P)
        assert measured[f"{key}_interval"] == pytest.approx(half.tolist(), rel=1e-3, abs=1e-6)
        assert np.ptp(by_length, axis=0).max() > 1e-3  # no agreement by all being the same
    assert json.loads(json.dumps(measured)) == measured


def test_a_network_without_recurrent_weights_uses_the_last_token_alone(network_of):
    network = network_of("rnn")
    network.get_parameter("stack.rnn.weight_hh_l0").data.zero_()
    measured = measure(network, some_window(), K, SEED)
    for key in ("cut", "shuffled"):
        assert measured[key] == pytest.approx([measured["full"]] * len(CONTEXT), rel=1e-6)
        assert measured[f"{key}_interval"] == pytest.approx([0] * len(CONTEXT), abs=1e-6)
        assert measured[f"effective_context_{key}"] == 1


@pytest.mark.parametrize(("back", "enough"), [(0, 1), (1, 2), (2, 4), (3, 4), (5, 8), (15, 16), (16, None)])
def test_a_network_that_echoes_uses_the_token_that_it_echoes(back, enough):
    """On a text of period back + 1 it is right, unless that token is cut off: then each token is as good as another."""
    period = back + 1
    ids = (np.arange(200) * 3 % period % (V - 1) + 1).astype(np.uint8)  # no EOS: all are read as they are
    measured = measure(echo(back), some_window(ids), K, SEED)
    right = math.log(1 + (V - 1) * math.exp(-8))
    assert measured["full"] == pytest.approx(right, rel=1e-4)
    assert measured["cut"] == pytest.approx([right if n > back else math.log(V) for n in CONTEXT], rel=1e-4)
    assert measured["effective_context_cut"] == enough
    # the interval is that of the difference, which is the same at every place
    assert measured["cut_interval"] == pytest.approx([0] * len(CONTEXT), abs=1e-6)


def test_a_shuffle_of_what_an_echo_reads_costs_and_one_beyond_it_does_not():
    ids = (np.arange(200) % 7 + 1).astype(np.uint8)
    measured = measure(echo(6), some_window(ids, positions=30), K, SEED)
    costs = np.array(measured["shuffled"]) - measured["full"]
    assert (costs[:3] > 1).all()
    assert costs[3:] == pytest.approx([0, 0], abs=1e-6)
    assert measured["effective_context_shuffled"] == 8
    assert all(half > 0 for half in measured["shuffled_interval"][:3])


def test_a_count_of_the_tokens_is_blind_to_their_order():
    """Features are sums over all that was read: cuts cost, shuffles do not."""

    class Counts(Echo):
        def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
            return x.cumsum(1), self.zero_state(len(x))

    network = echo(0, weight=0.5)
    network.stack = Counts(0)
    ids = np.full(200, 4, np.uint8)
    measured = measure(network, some_window(ids), K, SEED)
    assert measured["shuffled"] == pytest.approx([measured["full"]] * len(CONTEXT), rel=1e-6)
    assert measured["effective_context_shuffled"] == 1
    assert measured["cut"] == pytest.approx([math.log(1 + (V - 1) * math.exp(-n / 2)) for n in CONTEXT], rel=1e-4)
    assert measured["effective_context_cut"] is None  # ln(1 + 10 e^-8) at n = 16 is e times that at 18


@pytest.mark.parametrize("n", [1, 4, 17])
def test_a_shuffle_keeps_the_last_tokens_and_the_multiset_of_each_row(n):
    inputs = np.arange(P * 18).reshape(P, 18)
    shuffled = shuffled_beyond(inputs, n, np.random.default_rng(SEED))
    np.testing.assert_array_equal(shuffled[:, -n:], inputs[:, -n:])
    assert [Counter(row) for row in shuffled.tolist()] == [Counter(row) for row in inputs.tolist()]
    orders = {tuple(row % 18) for row in shuffled[:, :-n]}
    assert len(orders) == (P if n < 17 else 1)  # an order of its own for each row, where there is any choice


def test_a_seed_decides_the_shuffles(network_of):
    one, same, other = (measure(network_of("lstm"), some_window(), K, seed) for seed in (1, 1, 2))
    assert one == same
    assert one["shuffled"] != other["shuffled"]
    assert one["cut"] == other["cut"]


def test_one_place_has_no_interval(network_of):
    measured = measure(network_of("gru"), some_window(positions=1), K, SEED)
    assert measured["cut_interval"] == measured["shuffled_interval"] == [None] * len(CONTEXT)


def test_lengths_stop_below_the_whole_context():
    assert [lengths(2 * max_lag) for max_lag in (1, 2, 4, 100)] == [
        [1],
        [1, 2],
        [1, 2, 4],
        [1, 2, 4, 8, 16, 32, 64, 128],
    ]


def test_an_effective_context_is_enough_from_there_on():
    assert effective([1, 2, 4], [1.0, 1.0, 1.02], full=1.0) is None
    assert effective([1, 2, 4], [1.0, 1.02, 1.009], full=1.0) == 4
    assert effective([1, 2, 4], [0.9, 1.0, 1.0], full=1.0) == 1


def test_the_network_is_left_as_it_was(network_of):
    network = network_of("lstm").train()
    before = copy.deepcopy(network.state_dict())
    measure(network, some_window(), K, SEED)
    assert network.training
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())
