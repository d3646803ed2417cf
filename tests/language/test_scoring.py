import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from bigrams import FIRST, NEXT, bigram_network

from pipeline.language.bundle import LanguageBundle
from pipeline.language.scoring import score_text, token_log_probabilities
from pipeline.networks.build import build_language_model
from pipeline.tokens.vocabulary import Vocabulary, learn


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(learn(Counter("aab"), 10, "char"))


@pytest.fixture
def bundle(model, vocabulary) -> LanguageBundle:
    return LanguageBundle(bigram_network(FIRST, NEXT), vocabulary, model("rnn"), "char", 1)


def test_the_chain_rule_by_hand_from_the_first_token_to_eos(bundle):
    scores = score_text(bundle, "ab")
    assert scores.tokens == ["a", "b", bundle.vocabulary.token(0)]
    assert np.exp(scores.log_probabilities) == pytest.approx([1 / 2, 1 / 2, 1 / 2], rel=1e-6)
    assert scores.log_probability == pytest.approx(-3 * math.log(2))
    assert scores.score.perplexity == pytest.approx(2)
    assert scores.score.bits_per_char == pytest.approx(1)  # 3 bits over a, b, and the end
    assert not scores.is_pseudo


def test_the_empty_text_costs_its_end(bundle):
    scores = score_text(bundle, "")
    assert scores.ids == [0]
    assert scores.score.bits_per_char == pytest.approx(3)  # p(EOS) = 1/8 from the start, over one character


def test_probabilities_of_all_texts_sum_to_one(bundle):
    """Texts of up to two tokens and the share of longer ones, which is what is left after two tokens and no end."""
    texts = [ids for n in (0, 1, 2) for ids in itertools.product((1, 2, 3), repeat=n)]

    def p(ids) -> float:
        return math.exp(token_log_probabilities(bundle.network, np.array(ids)).sum())

    ended = sum(p([*ids, 0]) for ids in texts)
    longer = sum(p(ids) for ids in itertools.product((1, 2, 3), repeat=3))
    assert ended + longer == pytest.approx(1, abs=1e-6)


def test_unknown_characters_are_named_among_all_of_unicode(bundle):
    scores = score_text(bundle, "aé")
    assert (scores.num_unknown, scores.is_lower_bound) == (1, False)
    bits = 1 + 3 + 1 + math.log2(0x110000)  # p(a) = 1/2, p(UNK | a) = 1/8, p(EOS | UNK) = 1/2, which character
    assert scores.score.bits_per_char == pytest.approx(bits / 3)
    assert scores.score.perplexity == pytest.approx(2 ** (5 / 3))


def test_unknown_words_make_bits_per_character_a_lower_bound(model):
    vocabulary = Vocabulary(learn(Counter(["to", " be"]), 10, "pattern"))
    word_bundle = LanguageBundle(
        build_language_model(model("gru"), 4, seed=1).eval(), vocabulary, model("gru"), "word", 1
    )
    assert not score_text(word_bundle, "to be").is_lower_bound
    scores = score_text(word_bundle, "to sleep")
    assert scores.is_lower_bound
    assert scores.score.bits_per_char == pytest.approx(-scores.log_probability / math.log(2) / 9)


def test_texts_are_read_in_nfc(bundle):
    assert score_text(bundle, "e\u0301").text == "é"


@torch.no_grad()
def test_the_cloze_model_sees_every_other_token(model, vocabulary):
    network = build_language_model(model("lstm", bidirectional=True, num_layers=2), 4, seed=1).eval()
    scores = score_text(LanguageBundle(network, vocabulary, model("lstm", bidirectional=True), "char", 1), "abba")
    assert scores.is_pseudo
    assert len(scores.log_probabilities) == 5
    ids = torch.tensor([scores.ids])
    for t in range(5):
        known = ids.clone()
        known[0, t] = 3 - ids[0, t] % 2  # another token in its place changes nothing for the place itself
        inputs = torch.cat([torch.tensor([[4]]), known[:, :-1]], dim=1)
        logits, _ = network(inputs, known)
        expected = logits[0, t].log_softmax(-1)[ids[0, t]]
        assert scores.log_probabilities[t] == pytest.approx(float(expected), abs=1e-5)
