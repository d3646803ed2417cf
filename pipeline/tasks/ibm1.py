"""IBM Model 1: which word of one language stands for which of another, learned from pairs of sentences (EM).

Each target word comes from one word of the source, or from NULL, all equally likely beforehand (Brown et al. 1993,
Computational Linguistics 19, 263-311). The likelihood has one maximum, and each iteration comes closer to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from jaxtyping import Float, Int

ITERATIONS = 5
NULL = 0
"""The id of the word that every source has beside its own."""

Sentences = Sequence[Sequence[str]]


@dataclass(frozen=True)
class TranslationTable:
    """The probabilities t(target word | source word) of all K pairs of words that are in one pair of sentences."""

    sources: Sequence[str]
    """Names of the ids of source words; that of NULL is empty."""
    targets: Sequence[str]
    source_of: Int[np.ndarray, " K"]
    target_of: Int[np.ndarray, " K"]
    probability: Float[np.ndarray, " K"]
    log_likelihoods: Sequence[float]
    """Of the targets given their sources, in nats, before each iteration."""

    def best(self) -> dict[str, str]:
        """The most probable target word of each source word; the one seen first of equals."""
        order = np.lexsort((self.target_of, -self.probability, self.source_of))
        ids, first = np.unique(self.source_of[order], return_index=True)
        chosen = zip(ids.tolist(), self.target_of[order][first].tolist(), strict=True)
        return {self.sources[int(i)]: self.targets[int(j)] for i, j in chosen if i != NULL}


def learn_table(sources: Sentences, targets: Sentences, iterations: int = ITERATIONS) -> TranslationTable:
    """The table after so many iterations of EM from the uniform one.

    Args:
        sources: words of each sentence.
        targets: words of its translation; no sentence is empty.

    >>> learn_table([["das", "Haus"], ["das"]], [["the", "house"], ["the"]]).best()
    {'das': 'the', 'Haus': 'house'}
    """
    source_names, target_names = _types([[""], *sources]), _types(targets)
    words, starts, keys = _links(sources, targets, source_names, target_names)
    links, entry = np.unique(keys, return_inverse=True)
    source_of, target_of = np.divmod(links, len(target_names))
    table, likelihoods = np.full(len(links), 1 / len(target_names)), []
    for _ in range(iterations):
        weights = table[entry]
        totals = np.add.reduceat(weights, starts)
        likelihoods.append(float(np.log(totals / words).sum()))
        counts = np.bincount(entry, weights / np.repeat(totals, words), len(links))
        table = counts / np.bincount(source_of, counts)[source_of]
    return TranslationTable([*source_names], [*target_names], source_of, target_of, table, likelihoods)


def _types(sentences: Sentences) -> dict[str, int]:
    """The id of each word, in the order in which they come."""
    return {word: i for i, word in enumerate(dict.fromkeys(chain.from_iterable(sentences)))}


def _links(
    sources: Sentences, targets: Sentences, source_ids: dict[str, int], target_ids: dict[str, int]
) -> tuple[Int[np.ndarray, " U"], Int[np.ndarray, " U"], Int[np.ndarray, " L"]]:
    """Of each of U target words how many source words it may come from, and where they begin among all L links; of each
    link its two words as one number."""
    words, keys = [], []
    for source, target in zip(sources, targets, strict=True):
        left = np.array([NULL, *(source_ids[word] for word in source)])
        right = np.array([target_ids[word] for word in target])
        keys.append((left[None, :] * len(target_ids) + right[:, None]).ravel())
        words.append(np.full(len(right), len(left)))
    counts = np.concatenate(words)
    return counts, np.cumsum(counts) - counts, np.concatenate(keys)
