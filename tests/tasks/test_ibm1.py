"""IBM Model 1 against a sum over all alignments, and against cases worked by hand."""

from itertools import product

import numpy as np
import pytest

from pipeline.tasks.ibm1 import NULL, learn_table

SOURCES = [["das", "Haus"], ["das", "Buch"], ["ein", "Buch"], ["das", "alte", "alte", "Haus"]]
TARGETS = [["the", "house"], ["the", "book", "the"], ["a", "book"], ["the", "old", "house"]]


def brute_force(sources, targets, iterations):
    """EM by the definition: every alignment of every pair, weighted by its probability. Returns t and likelihoods."""
    words = {word for target in targets for word in target}
    given = {"", *(word for source in sources for word in source)}
    table = {(f, e): 1 / len(words) for e in given for f in words}
    likelihoods = []
    for _ in range(iterations):
        counts, total = dict.fromkeys(table, 0.0), 0.0
        for source, target in zip(sources, targets, strict=True):
            links = [list(zip(target, chosen, strict=True)) for chosen in product(["", *source], repeat=len(target))]
            weights = [np.prod([table[link] for link in of]) for of in links]
            total += np.log(sum(weights) / (len(source) + 1) ** len(target))
            for weight, of in zip(weights, links, strict=True):
                for link in of:
                    counts[link] += float(weight / sum(weights))
        likelihoods.append(total)
        norms = {e: sum(n for (_, other), n in counts.items() if other == e) for e in given}
        table = {(f, e): n / norms[e] for (f, e), n in counts.items()}
    return table, likelihoods


@pytest.mark.parametrize("iterations", [1, 2, 6])
def test_em_is_that_over_all_alignments(iterations):
    found = learn_table(SOURCES, TARGETS, iterations)
    table, likelihoods = brute_force(SOURCES, TARGETS, iterations)
    learned = {
        (found.targets[j], found.sources[i]): p
        for i, j, p in zip(found.source_of, found.target_of, found.probability, strict=True)
    }
    assert learned == pytest.approx({link: p for link, p in table.items() if link in learned})
    assert all(p == 0 for link, p in table.items() if link not in learned)
    assert found.log_likelihoods == pytest.approx(likelihoods)


def test_two_pairs_worked_by_hand():
    """x comes from a or from NULL, evenly at first: t(x|a) = 1, t(x|NULL) = 1/2, so the likelihood rises to (3/4)^2."""
    found = learn_table([["a"], ["b"]], [["x"], ["y"]], 2)
    assert found.log_likelihoods == pytest.approx([2 * np.log(1 / 2), 2 * np.log(3 / 4)])
    assert found.probability.tolist() == [0.5, 0.5, 1, 1]
    assert found.best() == {"a": "x", "b": "y"}


def test_the_likelihood_never_falls_and_probabilities_sum_to_one():
    rng = np.random.default_rng(1)
    sources, targets = ([[f"{side}{i}" for i in rng.integers(20, size=rng.integers(1, 9))] for _ in range(200)]
                        for side in "st")  # fmt: skip
    found = learn_table(sources, targets, 15)
    assert np.diff(found.log_likelihoods).min() > 0
    assert np.bincount(found.source_of, found.probability) == pytest.approx(np.ones(len(found.sources)))


def test_null_is_no_word_that_is_translated():
    found = learn_table([["a"], ["b"]], [["x", "of"], ["y", "of"]])
    assert found.sources[NULL] == ""
    assert set(found.best()) == {"a", "b"}
