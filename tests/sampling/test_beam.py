"""Beam search against all targets there are, against greedy search, and against a table worked by hand."""

from itertools import product
from math import exp, inf, log

import pytest
import torch
from sizes import V
from torch import Tensor, nn

from pipeline.networks.attention import Memory
from pipeline.networks.build import BUILDERS, Kind
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.networks.stack import State
from pipeline.sampling.beam import given, search
from pipeline.tokens.windows import IGNORED

W, LIMIT = 4, 3
ALL = [ids for n in range(LIMIT) for ids in product(range(1, W), repeat=n)]
ENDED = [(*ids, 0) for ids in ALL]
CUT = list(product(range(1, W), repeat=LIMIT))
INPUTS = torch.tensor([[3, 4, 2], [5, 0, 0], [7, 1, 0]])
LENGTHS = torch.tensor([3, 1, 2])
KINDS = pytest.mark.parametrize("kind", ["encoder_decoder", "dot_attention", "additive_attention"])


@pytest.fixture
def build(model):
    """A maker of networks of large random weights, in float64, so that targets differ in their probability."""

    def make(kind: Kind, cell: str = "lstm") -> EncoderDecoder:
        section = model(cell, num_layers=2, bidirectional=True)
        network = BUILDERS[kind](section, seed=1, vocabulary_size=V, target_vocabulary_size=W).double()
        assert isinstance(network, EncoderDecoder)
        generator = torch.Generator().manual_seed(2)
        for weight in network.parameters():
            weight.data += 0.5 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        return network.eval()

    return make


def log_p_of(network: EncoderDecoder, row: int, ids: tuple[int, ...]) -> float:
    """The sum of ln p of each token, by a pass of the network over one target alone."""
    length, targets = LENGTHS[row : row + 1], torch.tensor([ids])
    logits = network(INPUTS[row : row + 1, : int(length)], length, targets)[0].detach()
    return sum(float(step.log_softmax(0)[i]) for step, i in zip(logits, ids, strict=True))


@KINDS
@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 2.0])
def test_a_beam_as_wide_as_all_targets_finds_them_in_their_order(build, kind, length_penalty):
    network = build(kind)
    sizes = {"beam_size": len(ENDED) + len(CUT) + 2, "max_steps": LIMIT}
    for row, found in enumerate(search(network, INPUTS, LENGTHS, **sizes, length_penalty=length_penalty)):
        log_p = {ids: log_p_of(network, row, ids) for ids in ENDED + CUT}
        by_score = [sorted(of, key=lambda ids: -log_p[ids] / len(ids) ** length_penalty) for of in (ENDED, CUT)]
        assert [tuple(hypothesis.ids) for hypothesis in found] == by_score[0] + by_score[1]
        for hypothesis in found:
            assert hypothesis.log_probability == pytest.approx(log_p[tuple(hypothesis.ids)])
        assert sum(exp(hypothesis.log_probability) for hypothesis in found) == pytest.approx(1)


@KINDS
@pytest.mark.parametrize("beam_size", [1, 2, 5])
def test_a_beam_has_different_targets_that_sum_below_1(build, kind, beam_size):
    network = build(kind)
    for row, found in enumerate(search(network, INPUTS, LENGTHS, beam_size=beam_size, max_steps=9, length_penalty=0.0)):
        assert len({tuple(hypothesis.ids) for hypothesis in found}) == beam_size
        assert sum(exp(hypothesis.log_probability) for hypothesis in found) < 1
        for hypothesis in found:
            assert 0 not in hypothesis.ids[:-1]
            assert hypothesis.log_probability == pytest.approx(log_p_of(network, row, tuple(hypothesis.ids)))


@KINDS
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_beam_of_one_is_greedy(build, kind, cell):
    network = build(kind, cell)
    found = search(network, INPUTS, LENGTHS, beam_size=1, max_steps=8, length_penalty=1.0)
    for row, (hypothesis,) in enumerate(found):
        ids: list[int] = []
        while len(ids) < 8 and ids[-1:] != [0]:
            length = LENGTHS[row : row + 1]
            logits = network(INPUTS[row : row + 1, : int(length)], length, torch.tensor([[*ids, 0]]))
            ids.append(int(logits[0, -1].argmax()))
        assert list(hypothesis.ids) == ids


@KINDS
def test_a_source_among_others_has_the_targets_that_it_has_alone(build, kind):
    network, how = build(kind), {"beam_size": 4, "max_steps": 7, "length_penalty": 0.6}
    among = search(network, INPUTS, LENGTHS, **how)
    for row, found in enumerate(among):
        length = LENGTHS[row : row + 1]
        (alone,) = search(network, INPUTS[row : row + 1, : int(length)], length, **how)
        assert [h.ids for h in alone] == [h.ids for h in found]
        assert [h.log_probability for h in alone] == pytest.approx([h.log_probability for h in found])


@KINDS
def test_given_targets_cost_what_they_cost_alone(build, kind):
    network = build(kind)
    targets = torch.tensor([[2, 3, 0], [1, 0, IGNORED], [0, IGNORED, IGNORED]])
    log_p, weights = given(network, INPUTS, LENGTHS, targets)
    for row, ids in enumerate(targets):
        assert float(log_p[row].sum()) == pytest.approx(log_p_of(network, row, tuple(ids[ids >= 0].tolist())))
    assert (weights is None) == (kind == "encoder_decoder")
    if weights is not None:
        torch.testing.assert_close(weights.sum(-1), torch.ones(3, 3, dtype=torch.float64))


class Table(EncoderDecoder):
    """Probabilities of the next token that depend on the one before alone; the state counts the steps."""

    def __init__(self, table: list[list[float]]) -> None:
        nn.Module.__init__(self)
        self.log_p = torch.tensor([[log(p) if p else -inf for p in row] for row in table])

    @property
    def begin_id(self) -> int:
        return 3

    def encode(self, inputs: Tensor, lengths: Tensor) -> tuple[Memory, State]:
        features = torch.zeros(*inputs.shape, 1)
        return Memory(features, features, torch.zeros(inputs.shape, dtype=torch.bool)), (torch.zeros(1, 1, 1),)

    def decode(self, inputs: Tensor, memory: Memory, state: State) -> tuple[Tensor, None, State]:
        return self.log_p[inputs], None, state


GARDEN_PATH = Table(
    [
        [1.0, 0.0, 0.0],  # behind EOS nothing is asked
        [0.55, 0.0, 0.45],  # 1 ends, or goes on with 2
        [0.9, 0.0, 0.1],  # 2 ends
        [0.0, 0.6, 0.4],  # begin
    ]
)
ONE = (torch.tensor([[0]]), torch.tensor([1]))


def test_a_beam_finds_what_greedy_search_passes_by():
    """Greedy begins with 1 (0.6), whose best end has 0.33; 2 and then EOS have 0.36."""
    (greedy,) = search(GARDEN_PATH, *ONE, beam_size=1, max_steps=9, length_penalty=0.0)[0]
    assert greedy.ids[0] == 1
    best, second = search(GARDEN_PATH, *ONE, beam_size=2, max_steps=9, length_penalty=0.0)[0]
    assert (list(best.ids), exp(best.log_probability)) == ([2, 0], pytest.approx(0.36))
    assert (list(second.ids), exp(second.log_probability)) == ([1, 0], pytest.approx(0.33))


def test_the_penalty_prefers_longer_targets_and_no_log_probability_changes():
    """1, 2, EOS has 0.6 * 0.45 * 0.9 = 0.243: -1.41 over 3 tokens is above -1.02 over 2."""
    found = {
        penalty: search(GARDEN_PATH, *ONE, beam_size=3, max_steps=9, length_penalty=penalty)[0]
        for penalty in (0.0, 1.0)
    }
    assert [list(h.ids) for h in found[0.0]] == [[2, 0], [1, 0], [1, 2, 0]]
    assert [list(h.ids) for h in found[1.0]] == [[1, 2, 0], [2, 0], [1, 0]]
    assert exp(found[1.0][0].log_probability) == pytest.approx(0.243)


def test_what_has_no_end_at_the_limit_is_cut_and_comes_last():
    endless = Table([[1.0, 0.0, 0.0], [0.0, 0.9, 0.1], [0.5, 0.5, 0.0], [0.0, 0.7, 0.3]])
    ended, cut = search(endless, *ONE, beam_size=2, max_steps=2, length_penalty=0.0)[0]
    assert (list(ended.ids), ended.ended, exp(ended.log_probability)) == ([2, 0], True, pytest.approx(0.15))
    assert (list(cut.ids), cut.ended, exp(cut.log_probability)) == ([1, 1], False, pytest.approx(0.63))
