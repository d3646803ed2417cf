"""The n-gram floor: interpolated modified Kneser-Ney, every order from one fit.

    p_k(w | h) = (c(hw) - D(c(hw))) / c(h) + gamma(h) p_{k-1}(w | h'),        p_0(w) = 1 / V

h holds k - 1 tokens, h' all but its first; c(h) is the sum of c(hw) over w, and gamma(h) the sum of D(c(hw)) over c(h):
what the discounts take from seen words goes to the shorter context, so p sums to one. A context never seen has
p_k = p_{k-1}. In the highest order c counts occurrences; in those below it counts the different tokens that precede
hw, and an n-gram that nothing precedes (a unit's first tokens) keeps its occurrences.

A text is the EOS that stands before it and its ids. Every n-gram of it is named by its n - 1 last tokens' n-gram and
its first token; so orders are chained by sorting pairs of integers, and no loop runs over tokens.

Source: Chen & Goodman 1998, An Empirical Study of Smoothing Techniques (TR-10-98), section 3; n-grams at a
beginning as in Heafield et al. 2013 (KenLM), section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Integer

from pipeline.tokens.windows import EOS

NOWHERE = -1
"""The id of every n-gram that the training text lacks: the last place of the arrays that it indexes."""


@dataclass(frozen=True)
class Grams:
    """The different n-grams of one order; their ids are their places."""

    keys: Int[np.ndarray, " G"]
    """Id of the n-gram without its first token, times V + 1, plus the first token; ascending."""
    counts: Int[np.ndarray, " G"]
    """Occurrences as a prediction."""
    contexts: Int[np.ndarray, " G"]
    """Id of the n-gram without its last token."""

    def find(
        self, rest: Int[np.ndarray, " M"], first: Int[np.ndarray, " M"], vocabulary_size: int
    ) -> Int[np.ndarray, " M"]:
        """Ids of the n-grams made of these first tokens and shorter n-grams; NOWHERE where there is none."""
        wanted = rest * (vocabulary_size + 1) + first  # negative, so never found, where rest is NOWHERE
        place = np.searchsorted(self.keys, wanted)
        seen = place < len(self.keys)
        seen[seen] = self.keys[place[seen]] == wanted[seen]
        return np.where(seen, place, NOWHERE)


@dataclass(frozen=True)
class Smoothed:
    """The two numbers of the recursion for one order and one way of counting."""

    share: Float[np.ndarray, " G_and_nowhere"]
    """(c - D) / c(h) of each n-gram; 0 for one never seen."""
    weight: Float[np.ndarray, " H_and_nowhere"]
    """gamma of each context; 1 for one never seen."""

    def interpolate(
        self, grams: Int[np.ndarray, " M"], contexts: Int[np.ndarray, " _"], shorter: Float[np.ndarray, " M"]
    ) -> Float[np.ndarray, " M"]:
        """p_k from p_{k-1}."""
        return self.share[grams] + self.weight[contexts] * shorter


@dataclass(frozen=True)
class KneserNey:
    """The n-gram models of order 1 to N of one training text.

    >>> model = KneserNey.fit(np.array([2, 3, 2, 3, 2, 0]), 4, 2, "stream")
    >>> model.nats(np.array([2, 3, 0])).shape
    (2, 3)
    >>> model.probabilities([3]).tolist()
    [0.125, 0.0625, 0.6875, 0.125]
    """

    vocabulary_size: int
    grams: Sequence[Grams]
    highest: Sequence[Smoothed]
    """Each order as the highest of its model."""
    lower: Sequence[Smoothed]
    """Each order but the last below a higher one."""

    @classmethod
    def fit(
        cls,
        ids: Integer[np.ndarray, " T"],
        vocabulary_size: int,
        max_order: int,
        batching: Literal["stream", "units"],
    ) -> "KneserNey":
        """Count a text of ids below V, each of its units closed by EOS.

        stream: contexts run across the ends of units; units: they reach back to the EOS before the unit.
        """
        assert len(ids) > 0
        assert ids.max() < vocabulary_size
        text = np.concatenate([[EOS], ids.astype(np.int64)])
        reach = np.arange(len(text)) if batching == "stream" else _tokens_since_eos(text)
        grams = list(_chain(text, reach, vocabulary_size, max_order))
        sizes = [1, *(len(order.keys) for order in grams)]
        highest = [smooth(order.counts, order.contexts, size) for order, size in zip(grams, sizes, strict=False)]
        kept = [_preceding(*pair, vocabulary_size) for pair in pairwise(grams)]
        lower = [smooth(counts, grams[k].contexts, sizes[k]) for k, counts in enumerate(kept)]
        return cls(vocabulary_size, grams, highest, lower)

    @property
    def max_order(self) -> int:
        """N."""
        return len(self.grams)

    def nats(self, ids: Integer[np.ndarray, " T"]) -> Float[np.ndarray, "N T"]:
        """-ln p of each token of a text by each model, row n - 1 that of order n; an EOS stands before the text."""
        before = [self.vocabulary_size] * (self.max_order - 1)  # no token: found nowhere
        text = np.concatenate([before, [EOS], ids]).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(text, self.max_order)
        found = [(grams[1:], grams[:-1]) for grams in self._find(windows)]
        return -np.log(np.stack(list(self._recursion(found))))

    def probabilities(self, context: Sequence[int]) -> Float[np.ndarray, " V"]:
        """The highest order's p of every token after these, oldest first; the first token of a unit follows an EOS."""
        before = [self.vocabulary_size] * self.max_order
        recent = np.array([*before, *context])[-self.max_order :]
        everything = np.arange(self.vocabulary_size)[:, None]
        windows = np.hstack([np.broadcast_to(recent[1:], (self.vocabulary_size, self.max_order - 1)), everything])
        found = zip(self._find(windows), self._find(recent[None]), strict=True)
        return list(self._recursion(list(found)))[-1]

    def _find(self, windows: Int[np.ndarray, "M N"]) -> list[Int[np.ndarray, " M"]]:
        """Ids of the n-grams that end where the windows end, for orders 0 to N."""
        found = [np.zeros(len(windows), dtype=np.int64)]
        for k, order in enumerate(self.grams, start=1):
            found.append(order.find(found[-1], windows[:, -k], self.vocabulary_size))
        return found

    def _recursion(self, found: Sequence[tuple[np.ndarray, np.ndarray]]) -> Iterator[Float[np.ndarray, " M"]]:
        """p of order 1 to N as the highest, from the ids of n-grams and of contexts by order."""
        shorter = np.full(len(found[0][0]), 1 / self.vocabulary_size)
        for k in range(1, self.max_order + 1):
            grams, contexts = found[k][0], found[k - 1][1]
            yield self.highest[k - 1].interpolate(grams, contexts, shorter)
            if k < self.max_order:
                shorter = self.lower[k - 1].interpolate(grams, contexts, shorter)


def discounts(counts: Int[np.ndarray, " G"]) -> Float[np.ndarray, " 4"]:
    """D of the counts 0, 1, 2, and 3 or more, from how many n-grams have the counts 1, 2, 3, 4.

    D_i = i - (i + 1) Y n_{i+1} / n_i with Y = n_1 / (n_1 + 2 n_2). Where that has no value, or one outside of
    0 < D_i < i (counts of counts of a small text, or of one with few and frequent tokens), D_i is i / 2, the middle of
    what keeps p positive and closed; KenLM's --discount_fallback has the same 0.5, 1, 1.5.

    >>> discounts(np.array([1, 1, 1, 1, 2, 2, 3, 4])).tolist()
    [0.0, 0.5, 1.25, 1.0]
    >>> discounts(np.array([7, 9])).tolist()
    [0.0, 0.5, 1.0, 1.5]
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]
    i = np.arange(1, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimates = i - (i + 1) * (n[0] / (n[0] + 2 * n[1])) * n[1:] / n[:-1]
    return np.concatenate([[0.0], np.where((estimates > 0) & (estimates < i), estimates, i / 2)])


def smooth(counts: Int[np.ndarray, " G"], contexts: Int[np.ndarray, " G"], num_contexts: int) -> Smoothed:
    """Discount the counts of one order."""
    discount = discounts(counts)[np.minimum(counts, 3)]
    total = np.bincount(contexts, counts, num_contexts)
    freed = np.bincount(contexts, discount, num_contexts)
    weight = np.divide(freed, total, out=np.ones(num_contexts), where=total > 0)
    return Smoothed(np.append((counts - discount) / total[contexts], 0.0), np.append(weight, 1.0))


def _chain(
    text: Int[np.ndarray, " S"], reach: Int[np.ndarray, " S"], vocabulary_size: int, max_order: int
) -> Iterator[Grams]:
    """The n-grams of order 1 to N that end at each place with as many tokens within its reach."""
    grams = np.zeros_like(text)
    for k in range(1, max_order + 1):
        places = np.flatnonzero(reach >= k - 1)
        named = grams[places] * (vocabulary_size + 1) + text[places - k + 1]
        keys, ids, counts = np.unique(named, return_inverse=True, return_counts=True)
        if k == 1:
            counts[ids[0]] -= 1  # the EOS before the text is a context alone
        contexts = np.empty_like(keys)
        contexts[ids] = grams[places - 1]
        yield Grams(keys, counts, contexts)
        grams = np.full_like(text, NOWHERE)
        grams[places] = ids


def _tokens_since_eos(text: Int[np.ndarray, " S"]) -> Int[np.ndarray, " S"]:
    """How many tokens back the last EOS before each place is; 0 at the first place.

    >>> _tokens_since_eos(np.array([0, 5, 6, 0, 0, 7])).tolist()
    [0, 1, 2, 3, 1, 1]
    """
    place = np.arange(len(text))
    eos = np.maximum.accumulate(np.where(text == EOS, place, 0))
    return place - np.append(0, eos[:-1])


def _preceding(order: Grams, longer: Grams, vocabulary_size: int) -> Int[np.ndarray, " G"]:
    """How many different tokens precede each n-gram; its occurrences where none does."""
    different = np.bincount(longer.keys // (vocabulary_size + 1), minlength=len(order.keys))
    return np.where(different > 0, different, order.counts)
