import itertools
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
import torch
from bigrams import bigram_network
from torch import nn

from pipeline.language.scoring import token_log_probabilities
from pipeline.networks.inputs import OneHot
from pipeline.networks.language_model import LanguageModel
from pipeline.networks.readout import Readout
from pipeline.networks.stack import RecurrentStack
from pipeline.sampling.drawing import Choice, draw, keep_top_k, keep_top_p, sample, uniform_numbers
from pipeline.tokens.vocabulary import Vocabulary

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK

PLAIN = Choice(temperature=1.0, top_k=None, top_p=None)

FIRST = torch.tensor([0.1, 0.1, 0.5, 0.3])
"""p(y_1) of the bigram below: EOS, UNK, 2, 3."""
NEXT = torch.tensor([[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25], [0.2, 0.1, 0.1, 0.6], [0.4, 0.1, 0.3, 0.2]])
"""p(next | row)."""


@pytest.fixture
def bigram() -> LanguageModel:
    return bigram_network(FIRST, NEXT)


@pytest.fixture
def network(random_network) -> Callable[..., LanguageModel]:
    """A maker of language models of two layers."""

    def make(cell: str) -> LanguageModel:
        network = random_network(cell, num_layers=2)
        assert isinstance(network, LanguageModel)
        return network

    return make


def by_hand(ids: list[int]) -> float:
    """ln p of a sequence under the bigram."""
    return math.log(FIRST[ids[0]]) + sum(math.log(NEXT[a, b]) for a, b in itertools.pairwise(ids))


def chi_square(counts: dict, expected: dict) -> float:
    return sum((counts.get(key, 0) - count) ** 2 / count for key, count in expected.items())


def test_first_draws_have_the_frequencies_of_the_softmax_without_unk(bigram):
    samples = sample(bigram, [], PLAIN, num_samples=9000, max_tokens=1, seed=1)
    counts = Counter(s.ids[0] for s in samples)
    expected = {EOS: 1000.0, 2: 5000.0, 3: 3000.0}
    assert set(counts) == set(expected)
    assert chi_square(counts, expected) < 13.8  # 2 degrees of freedom: passed by chance in 99.9 of 100 seeds


def test_each_draw_is_fed_back(bigram):
    samples = sample(bigram, [], PLAIN, num_samples=9000, max_tokens=2, seed=2)
    counts = Counter(s.ids[1] for s in samples if s.ids[0] == 2)
    total = sum(counts.values())
    expected = {EOS: total * 2 / 9, 2: total * 1 / 9, 3: total * 6 / 9}  # row 2 without UNK's 0.1
    assert chi_square(counts, expected) < 13.8


def test_whole_sequences_have_their_probabilities_by_the_chain_rule(bigram):
    samples = sample(bigram, [], PLAIN, num_samples=9000, max_tokens=50, seed=3)
    counts = Counter(tuple(s.ids) for s in samples)
    p = {(EOS,): 1 / 9, (2, EOS): 5 / 9 * 2 / 9, (3, EOS): 3 / 9 * 4 / 9, (2, 3, EOS): 5 / 9 * 6 / 9 * 4 / 9}
    expected = {ids: 9000 * value for ids, value in p.items()}
    assert chi_square(counts, expected) < 18.5  # 4 degrees of freedom, the rest of the sequences left open


def test_log_probability_is_the_chain_rule_under_the_model_itself(bigram):
    sharp = Choice(temperature=0.7, top_k=2, top_p=0.9)
    for choice in (PLAIN, sharp):
        for s in sample(bigram, [], choice, num_samples=20, max_tokens=4, seed=4):
            assert s.log_probability == pytest.approx(by_hand(s.ids), abs=1e-5)


def test_the_prompt_and_eos_count(bigram):
    samples = sample(bigram, [2, 3], PLAIN, num_samples=30, max_tokens=3, seed=5)
    assert any(s.ended for s in samples)
    assert not all(s.ended for s in samples)
    for s in samples:
        assert s.ids[:2] == [2, 3]
        assert s.drawn == [i for i in s.ids[2:] if i != EOS]
        assert s.log_probability == pytest.approx(by_hand(s.ids), abs=1e-5)


def test_a_sample_ends_at_its_first_eos_or_at_the_limit(bigram):
    for s in sample(bigram, [], PLAIN, num_samples=200, max_tokens=5, seed=6):
        assert EOS not in s.ids[:-1]
        assert UNK not in s.ids
        assert s.ended == (s.ids[-1] == EOS)
        assert s.ended or len(s.ids) == 5


def test_a_condition_is_read_first_and_never_drawn():
    """First input 5 raises token 2 by its own weights: p(y_1 | 5) is known, all later steps are the bigram's."""
    plain = bigram_network(FIRST, NEXT)
    rnn, readout = nn.RNN(6, 6, nonlinearity="relu", batch_first=True), Readout(4, 6)
    given = torch.tensor([0.2, 0.2, 0.2, 0.4])
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.zero_()
        rnn.get_parameter("weight_ih_l0").copy_(torch.eye(6))
        readout.bias.copy_(FIRST.log())
        readout.get_parameter("weight")[:, :4] = plain.readout.get_parameter("weight")
        readout.get_parameter("weight")[:, 4:] = torch.stack([given.log() - FIRST.log()] * 2, 1)
    network = LanguageModel(4, OneHot(4, num_conditions=2), RecurrentStack(rnn, 0.0), readout).eval()
    for condition, first in ((5, given), (6, given), (None, FIRST)):
        samples = sample(network, [], PLAIN, num_samples=300, max_tokens=6, seed=3, condition=condition)
        for s in samples:
            assert max(s.ids) < 4
            expected = math.log(first[s.ids[0]]) + by_hand(s.ids) - math.log(FIRST[s.ids[0]])
            assert s.log_probability == pytest.approx(expected, abs=1e-5)
    (prompted,) = sample(network, [3, 2], PLAIN, num_samples=1, max_tokens=1, seed=3, condition=5)
    expected = math.log(given[3]) + math.log(NEXT[3, 2]) + math.log(NEXT[2, prompted.ids[2]])
    assert prompted.log_probability == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_samples_log_probability_is_its_score(network, cell):
    drawer = network(cell)
    for prompt in ([], [4, 7, 2]):
        for s in sample(drawer, prompt, PLAIN, num_samples=5, max_tokens=20, seed=7):
            scored = token_log_probabilities(drawer, np.array(s.ids))
            assert s.log_probability == pytest.approx(scored.sum(), abs=1e-4)


def test_a_cold_sample_is_the_greedy_one(network):
    drawer = network("lstm")
    state, x, greedy = None, drawer.begin_id, []
    with torch.no_grad():
        while len(greedy) < 12 and EOS not in greedy:
            logits, state = drawer(torch.tensor([[x]]), state)
            logits[..., UNK] = -torch.inf
            x = int(logits.argmax())
            greedy.append(x)
    for temperature in (1e-6, 1e-300):
        cold = Choice(temperature=temperature, top_k=None, top_p=None)
        samples = sample(drawer, [], cold, num_samples=3, max_tokens=12, seed=1)
        assert [s.ids for s in samples] == [greedy] * 3


def test_top_1_is_greedy_too(network):
    drawer = network("gru")
    first, second = (
        sample(drawer, [], Choice(t, k, None), num_samples=1, max_tokens=12, seed=1)[0]
        for t, k in ((1e-6, None), (5.0, 1))
    )
    assert first.ids == second.ids


def test_the_seed_decides_and_neighbours_do_not(network):
    drawer = network("lstm")
    few, many, other = (
        [s.ids for s in sample(drawer, [], PLAIN, num_samples=n, max_tokens=15, seed=seed)]
        for n, seed in ((2, 1), (5, 1), (5, 2))
    )
    assert few == many[:2]
    assert many != other
    assert len({tuple(ids) for ids in many}) > 1


def test_unk_is_struck_out_before_the_rest_is_normalised():
    p = torch.tensor([[0.1, 0.6, 0.2, 0.1]])
    assert PLAIN(p.log(), [UNK])[0].tolist() == pytest.approx([0.25, 0, 0.5, 0.25])
    assert Choice(1.0, 1, None)(p.log(), [UNK])[0].tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_a_power_of_the_probabilities(temperature):
    p = torch.tensor([[0.1, 0.0, 0.2, 0.7]])
    powers = p ** (1 / temperature)
    chosen = Choice(temperature, None, None)(p.log(), [UNK])
    assert chosen[0].tolist() == pytest.approx((powers / powers.sum())[0].tolist())


def test_top_k_by_hand():
    p = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.25, 0.25, 0.4, 0.1]])
    assert keep_top_k(p.log(), 2).exp().tolist() == [
        pytest.approx([0, 0.4, 0, 0.3]),
        pytest.approx([0.25, 0.25, 0.4, 0]),  # a tie with the second stays
    ]
    assert torch.equal(keep_top_k(p.log(), 9), p.log())


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [(0.3, [1]), (0.45, [1, 3]), (0.65, [1, 3]), (0.75, [1, 2, 3]), (0.95, [0, 1, 2, 3]), (1.0, [0, 1, 2, 3])],
)
def test_top_p_by_hand(top_p, kept):
    p = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.3, 0.1, 0.4, 0.2]])
    logits = keep_top_p(p.log(), top_p)
    assert torch.isfinite(logits[0]).nonzero().flatten().tolist() == kept
    turn = {0: 1, 1: 2, 2: 3, 3: 0}  # the second row holds the same numbers, moved
    assert torch.isfinite(logits[1]).nonzero().flatten().tolist() == sorted(turn[i] for i in kept)
    assert torch.equal(logits[torch.isfinite(logits)], p.log()[torch.isfinite(logits)])


def test_top_p_follows_temperature_and_top_k():
    p = torch.tensor([[0.05, 0.0, 0.5, 0.3, 0.15]])
    chosen = Choice(1.0, 3, 0.8)(p.log(), [UNK])  # of 0.5, 0.3, 0.15 over 0.95, the first two hold 0.84
    assert chosen[0].tolist() == pytest.approx([0, 0, 0.625, 0.375, 0])


def test_draw_inverts_the_running_sum():
    p = torch.tensor([0.0, 0.25, 0.0, 0.5, 0.25, 0.0])
    uniforms = torch.tensor([0.0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2**-40], dtype=torch.float64)
    assert draw(p.expand(6, -1), uniforms).tolist() == [1, 1, 3, 3, 4, 4]


def test_uniform_numbers_never_reach_one_and_have_a_row_for_each_sample():
    numbers = uniform_numbers(300, 200, 1, torch.device("cpu"))
    assert numbers.shape == (200, 300)
    assert 0 <= numbers.min() < 1e-3 < 1 - 1e-3 < numbers.max() < 1
    assert float(numbers.mean()) == pytest.approx(0.5, abs=0.01)
    assert torch.equal(uniform_numbers(2, 200, 1, torch.device("cpu")), numbers[:, :2])
