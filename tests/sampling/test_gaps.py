from collections import Counter

import numpy as np
import pytest
import torch
from sizes import E, V

from pipeline.networks.build import build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.stack import RecurrentStack
from pipeline.sampling.drawing import Choice
from pipeline.sampling.gaps import Gapped, blanked, fill, fill_gaps, read_gaps, write_gaps
from pipeline.tokens.vocabulary import Vocabulary, learn

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK
PLAIN = Choice(temperature=1.0, top_k=None, top_p=None)


@pytest.fixture
def cloze(random_network) -> ClozeModel:
    network = random_network("lstm", bidirectional=True)
    assert isinstance(network, ClozeModel)
    return network


@pytest.fixture
def words() -> Vocabulary:
    return Vocabulary(learn(Counter(["the", " cat", " sat", " on", " mat", "."]), 20, "pattern"))


@pytest.fixture
def characters() -> Vocabulary:
    return Vocabulary(learn(Counter("the cat sat on the mat."), 20, "char"))


@torch.no_grad()
def distribution(network: ClozeModel, ids: list[int], at: int) -> torch.Tensor:
    """ln p of what stands `at`, one token at a time from both ends: open gaps and edges are the zero vector."""

    def features(stack: RecurrentStack, tokens: list[int]) -> torch.Tensor:
        out, state = stack(torch.zeros(1, 1, E))
        for token in tokens:
            out, state = stack(network.embed(torch.tensor([[V if token == EOS else token]])), state)
        return out

    both = torch.cat([features(network.left, ids[:at]), features(network.right, ids[:at:-1])], dim=-1)
    return network.readout(both)[0, 0].log_softmax(-1)


def test_each_fill_has_its_log_probability_given_both_sides(cloze):
    text = Gapped([4, 2, 9, 3, 3, 8, 10], gaps=[1, 4])
    (filled,) = fill(cloze, [text], PLAIN, seed=1)
    assert [i for at, i in enumerate(filled.ids) if at not in (1, 4)] == [4, 9, 3, 8, 10]
    first, second = filled.fills
    log_p = distribution(cloze, [4, EOS, 9, 3, EOS, 8, 10], 1)[first]
    log_q = distribution(cloze, [4, first, 9, 3, EOS, 8, 10], 4)[second]
    assert filled.log_probabilities == pytest.approx([float(log_p), float(log_q)], abs=1e-4)


@torch.no_grad()
def test_a_condition_is_read_before_the_text(model):
    """As the left stack alone reads it: the first input is the condition's row, in place of the begin token's zeros."""
    cloze = build_language_model(model("gru", bidirectional=True), V, seed=1, num_conditions=2).eval()
    assert isinstance(cloze, ClozeModel)
    ids = [4, 2, 9]
    (filled,) = fill(cloze, [Gapped(ids, gaps=[1], condition=V + 2)], PLAIN, seed=1)
    logits, _ = cloze(torch.tensor([[V + 2, 4, EOS]]), torch.tensor([[4, EOS, 9]]))
    assert filled.log_probabilities == pytest.approx([float(logits[0, 1].log_softmax(-1)[filled.ids[1]])], abs=1e-5)
    (plain,) = fill(cloze, [Gapped(ids, gaps=[1])], PLAIN, seed=1)
    assert plain.log_probabilities != filled.log_probabilities


def test_what_stood_in_a_gap_is_not_looked_at(cloze):
    texts = [[Gapped([4, a, 9, b, 5], [1, 3])] for a, b in ((2, 3), (7, 8))]
    one, other = (fill(cloze, text, PLAIN, seed=4)[0] for text in texts)
    assert one == other


def test_rows_of_other_lengths_change_nothing(cloze):
    texts = [Gapped([4, 2, 9, 3, 3, 8, 10], [1, 4]), Gapped([5, 6], [0]), Gapped([7, 7, 8], [])]
    alone, together = fill(cloze, texts[:1], PLAIN, seed=2), fill(cloze, texts, PLAIN, seed=2)
    assert together[0].ids == alone[0].ids
    assert together[0].log_probabilities == pytest.approx(alone[0].log_probabilities, abs=1e-5)
    assert [len(filled.ids) for filled in together] == [7, 2, 3]
    assert together[2].fills == together[2].log_probabilities == []


def test_fills_have_the_frequencies_of_the_softmax_without_eos_and_unk(cloze):
    (row,) = torch.tensor([[4, 2, 9, 3]]).expand(4000, -1)[None]
    gaps = torch.zeros_like(row, dtype=torch.bool)
    gaps[:, 2] = True
    filled, _ = fill_gaps(cloze, row, gaps, torch.full((4000,), 4), PLAIN, seed=3)
    p = distribution(cloze, [4, 2, EOS, 3], 2).exp()
    p[[EOS, UNK]] = 0
    expected = (p / p.sum() * 4000)[2:]
    counts = torch.bincount(filled[:, 2], minlength=V)
    assert counts[:2].tolist() == [0, 0]
    assert float(((counts[2:] - expected) ** 2 / expected).sum()) < 26.1  # 8 degrees of freedom: 99.9 %


def test_blanked_leaves_text_between_gaps():
    rng = np.random.default_rng(1)
    units = [np.arange(2, 2 + length) for length in (1, 7, 8, 16, 41, 400)]
    for _ in range(20):
        texts = blanked(units, max_gaps=5, min_distance=8, rng=rng)
        assert [len(text.gaps) for text in texts] == [1, 1, 1, 2, 5, 5]
        for unit, text in zip(units, texts, strict=True):
            assert text.ids == unit.tolist()
            part = len(unit) / len(text.gaps)
            assert all(int(i * part) <= gap < int((i + 1) * part) for i, gap in enumerate(text.gaps))


def test_gaps_are_read_and_written(words, characters):
    text = read_gaps("the ___ sat on ___.", words, "word")
    assert (len(text.ids), text.gaps) == (6, [1, 4])
    assert write_gaps(text, words) == "the___ sat on___."
    assert vocabulary_tokens(words, text.ids) == ["the", "<unk>", " sat", " on", "<unk>", "."]
    text = read_gaps("the c___t______", characters, "char")
    assert (len(text.ids), text.gaps) == (9, [5, 7, 8])
    assert write_gaps(text, characters) == "the c___t______"


def vocabulary_tokens(vocabulary: Vocabulary, ids) -> list[str]:
    return [vocabulary.token(i) for i in ids]


def test_words_between_spaces_are_read_and_written():
    vocabulary = Vocabulary(learn(Counter(["the", "cat", "sat"]), 20, "spaces"))
    text = read_gaps("the ___ sat", vocabulary, "word")
    assert vocabulary_tokens(vocabulary, text.ids) == ["the", "<unk>", "sat"]
    assert text.gaps == [1]
    assert write_gaps(text, vocabulary) == "the___ sat"
    assert write_gaps(Gapped(text.ids, []), vocabulary) == "the <unk> sat"


def test_texts_without_gaps_are_whole(words):
    assert read_gaps("the cat", words, "word") == Gapped(words.encode("the cat").tolist(), [])
