"""CTC decoding beside brute force over all paths, torch's loss and fast-ctc-decode."""

import itertools
import math
from collections import defaultdict
from importlib import import_module

import numpy as np
import pytest
import torch

from pipeline.sampling.ctc import NO_LABEL, aligned, best_path, collapsed, log_probability, min_steps
from pipeline.sampling.prefix_beam import beam_search, with_ngram, without_language
from pipeline.text.ngram import KneserNey

fast_ctc_decode = import_module("fast_ctc_decode")  # its stubs do not name what it exports

SIZES = [(1, 3), (2, 2), (3, 3), (4, 3), (5, 3), (4, 4)]
"""Steps and classes."""
TRANSCRIPTS = np.array([1, 2, 2, 0, 1, 2, 0, 2, 1, 0, 1, 0, 2, 2, 0])
"""Of the labels 1 and 2, each closed by the end."""


def log_softmax(num_steps: int, num_classes: int, seed: int, scale: float = 2.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(num_steps, num_classes)) * scale
    return logits - np.logaddexp.reduce(logits, 1, keepdims=True)


def of_paths(log_p: np.ndarray) -> dict[tuple[int, ...], float]:
    """p of every transcript, path by path."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(log_p.shape[1]), repeat=len(log_p)):
        found[tuple(collapsed(path))] += math.exp(sum(log_p[range(len(path)), path]))
    return found


@pytest.mark.parametrize(("num_steps", "num_classes"), SIZES)
def test_the_probability_of_a_transcript_is_that_of_all_its_paths(num_steps: int, num_classes: int):
    log_p = log_softmax(num_steps, num_classes, seed=num_steps)
    everything = of_paths(log_p)
    assert sum(everything.values()) == pytest.approx(1)
    for labels, p in everything.items():
        assert log_probability(log_p, labels) == pytest.approx(math.log(p))


def test_a_transcript_without_enough_steps_has_no_path():
    log_p = log_softmax(3, 3, seed=1)
    assert min_steps([1, 2, 1]) == 3
    assert min_steps([1, 1, 1]) == 5
    assert log_probability(log_p, [1, 2, 1]) > -math.inf
    assert log_probability(log_p, [1, 1, 2]) == -math.inf


def test_the_probability_is_that_of_torch():
    log_p, labels = log_softmax(20, 6, seed=3), [1, 1, 5, 2, 2, 4]
    arguments = (torch.tensor(log_p), torch.tensor([labels]), torch.tensor([20]), torch.tensor([len(labels)]))
    loss = torch.nn.functional.ctc_loss(arguments[0][:, None], *arguments[1:], reduction="sum")
    assert log_probability(log_p, labels) == pytest.approx(-float(loss))


@pytest.mark.parametrize(("num_steps", "num_classes"), SIZES)
def test_a_wide_beam_is_exact(num_steps: int, num_classes: int):
    log_p = log_softmax(num_steps, num_classes, seed=10 + num_steps)
    everything = of_paths(log_p)
    found = beam_search(log_p, 10_000, without_language(num_classes))
    assert {hypothesis.labels for hypothesis in found} == set(everything)
    for hypothesis in found:
        assert hypothesis.log_probability == pytest.approx(math.log(everything[hypothesis.labels]))
    assert found[0].labels == max(everything, key=everything.__getitem__)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("weight", [0.3, 2.0])
def test_a_wide_beam_with_a_language_model_is_exact(order: int, weight: float):
    log_p, ngram = log_softmax(4, 3, seed=5), KneserNey.fit(TRANSCRIPTS, 3, order, "units")
    scores = {
        labels: math.log(p) - weight * ngram.nats(np.array([*labels, 0]))[-1].sum()
        for labels, p in of_paths(log_p).items()
    }
    found = beam_search(log_p, 10_000, with_ngram(ngram, weight))
    assert {hypothesis.labels: hypothesis.score for hypothesis in found} == pytest.approx(scores)
    assert found[0].labels == max(scores, key=scores.__getitem__)
    assert [h.score for h in found] == sorted((h.score for h in found), reverse=True)


def test_a_language_model_decides_between_what_sounds_alike():
    log_p = np.log([[0.1, 0.45, 0.45], [0.9, 0.05, 0.05]])
    ngram = KneserNey.fit(np.array([2, 0] * 9 + [1, 0]), 3, 2, "units")
    assert beam_search(log_p, 4, with_ngram(ngram, 1.0))[0].labels == (2,)
    assert beam_search(log_p, 4, with_ngram(ngram, 0.0))[0].labels == (1,)


@pytest.mark.parametrize("beam_size", [1, 2, 5, 16])
def test_the_probabilities_of_a_beam_sum_to_at_most_one_and_are_lower_bounds(beam_size: int):
    log_p = log_softmax(12, 5, seed=beam_size, scale=1.0)
    found = beam_search(log_p, beam_size, without_language(5))
    assert 0 < len(found) <= beam_size
    assert 0 < sum(math.exp(hypothesis.log_probability) for hypothesis in found) <= 1
    assert len({hypothesis.labels for hypothesis in found}) == len(found)
    for hypothesis in found:
        assert hypothesis.log_probability <= log_probability(log_p, hypothesis.labels) + 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_the_best_transcript_is_that_of_fast_ctc_decode(seed: int):
    log_p, alphabet = log_softmax(40, 6, seed, scale=1.5), "-abcde"
    theirs, _ = fast_ctc_decode.beam_search(np.exp(log_p).astype(np.float32), alphabet, 8, 0.0)
    ours = beam_search(log_p, 8, without_language(6))[0].labels
    assert "".join(alphabet[label] for label in ours) == theirs


def test_the_greedy_transcript_is_that_of_fast_ctc_decode():
    log_p, alphabet = log_softmax(30, 5, seed=2), "-abcd"
    theirs, _ = fast_ctc_decode.viterbi_search(np.exp(log_p).astype(np.float32), alphabet)
    assert "".join(alphabet[label] for label in best_path(log_p)) == theirs


def test_a_class_of_probability_zero_is_never_said():
    with np.errstate(divide="ignore"):
        log_p = np.log(np.array([[0.5, 0.5, 0.0]] * 4))
    found = beam_search(log_p, 50, without_language(3))
    assert all(2 not in hypothesis.labels for hypothesis in found)
    assert sum(math.exp(hypothesis.log_probability) for hypothesis in found) == pytest.approx(1)


@pytest.mark.parametrize("labels", [(), (1,), (1, 1), (1, 2), (2, 1, 2)])
@pytest.mark.parametrize("seed", range(4))
def test_an_alignment_is_the_best_of_all_paths(labels: tuple[int, ...], seed: int):
    log_p = log_softmax(5, 3, seed)
    paths = [p for p in itertools.product(range(3), repeat=5) if tuple(collapsed(p)) == labels]
    best = max(paths, key=lambda path: log_p[range(5), path].sum())
    places = aligned(log_p, labels).tolist()
    assert tuple(0 if place == NO_LABEL else labels[place] for place in places) == best
    said = [place for place in places if place != NO_LABEL]
    assert sorted(set(said)) == list(range(len(labels)))  # each label has a step
    assert said == sorted(said)


def test_what_no_path_says_is_not_aligned():
    with pytest.raises(AssertionError, match="min_steps"):
        aligned(log_softmax(2, 2, seed=0), [1, 1])
