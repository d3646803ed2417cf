"""How much of a text is copied: what of it stands verbatim in the training text, and how much it repeats itself.

Everything is counted on ids, so that it holds at every level; n is in tokens. A window never crosses the end of
a sample, and the training text's own EOS, which no sample holds inside, never matches.

Windows are compared by a 64-bit polynomial hash with random token values: all windows of any length n come from
one running sum, in two passes over the text. Two different windows have equal hashes with odds near 2^-64: with 10^4
windows of samples against 10^7 of text at fifty lengths, the odds of one false match are below one in a million.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int, Integer, UInt64

NGRAM_LENGTHS = (5, 10, 20, 40)
"""Windows reported, in tokens: at the char level about a word, two words, a phrase, a sentence's half."""

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that its powers have inverses modulo 2^64
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_FILTER_BITS = 20


class Windows:
    """Hashes of the windows of a text, of any length."""

    def __init__(self, ids: Integer[np.ndarray, " N"], values: UInt64[np.ndarray, " V"]) -> None:
        """Equal windows have equal hashes among texts with the same `values`, a random number for each id."""
        self.num_tokens = len(ids)
        self._sums = np.zeros(len(ids) + 1, np.uint64)
        np.cumsum(values[ids] * _powers(_BASE, len(ids)), out=self._sums[1:])  # modulo 2^64, as everything here
        self._shifts = _powers(_INVERSE, len(ids))

    def hashes(self, n: int) -> UInt64[np.ndarray, " M"]:
        """One for each of the N - n + 1 windows of n tokens, from left to right."""
        count = max(self.num_tokens - n + 1, 0)
        return (self._sums[n : n + count] - self._sums[:count]) * self._shifts[:count]


def _powers(base: np.uint64, count: int) -> UInt64[np.ndarray, " N"]:
    """base^0, base^1, ... modulo 2^64."""
    factors = np.full(count, base)
    factors[:1] = 1
    return np.multiply.accumulate(factors)


class Novelty:
    """Samples beside the training text."""

    def __init__(self, samples: Sequence[Sequence[int]], training: Integer[np.ndarray, " N"]) -> None:
        """
        >>> novelty = Novelty([[5, 6, 7, 9], [9, 9]], training=np.array([4, 5, 6, 7, 0]))
        >>> novelty.copied_share(2), novelty.longest_runs()
        (0.5, [3, 0])
        """
        self.lengths = np.array([len(sample) for sample in samples], dtype=np.int64)
        ids = np.concatenate([np.asarray(sample, dtype=np.int64) for sample in samples])
        size = int(max(ids.max(initial=0), training.max(initial=0))) + 1
        values = np.random.default_rng(0).integers(2**64, size=size, dtype=np.uint64)
        self._samples, self._training = Windows(ids, values), Windows(training, values)
        self._owners = np.repeat(np.arange(len(samples)), self.lengths)

    def copied_share(self, n: int) -> float | None:
        """Share of the samples' n-grams that stand in the training text; None where no sample is that long."""
        owners, copied = self._copied(n)
        return float(copied.mean()) if len(owners) else None

    def longest_runs(self) -> list[int]:
        """For each sample the most tokens in a row that stand in the training text.

        If a run of n tokens is copied, so is one of n - 1: the intervals of all samples are halved together, and
        what is learned of one length narrows every one of them.
        """
        least, most = np.zeros_like(self.lengths), self.lengths.copy()
        while (least < most).any():
            widest = (most - least).argmax()
            n = int(least[widest] + most[widest] + 1) // 2
            owners, copied = self._copied(n)
            has_run = np.zeros(len(least), bool)
            has_run[owners[copied]] = True
            least = np.where(has_run, np.maximum(least, n), least)
            most = np.where(has_run, most, np.minimum(most, n - 1))
        return least.tolist()

    def distinct_share(self, n: int) -> float | None:
        """distinct-n (Li et al. 2016, arXiv:1510.03055): different n-grams of all samples over all their n-grams."""
        hashes = self._samples.hashes(n)[self._within(n)]
        return len(np.unique(hashes)) / len(hashes) if len(hashes) else None

    def _within(self, n: int) -> Bool[np.ndarray, " M"]:
        """Which windows of the joined samples stay within one sample."""
        count = max(len(self._owners) - n + 1, 0)
        return self._owners[:count] == self._owners[n - 1 : n - 1 + count]

    def _copied(self, n: int) -> tuple[Int[np.ndarray, " M"], Bool[np.ndarray, " M"]]:
        """Of each n-gram of the samples: whose it is, and whether the training text has it."""
        within = self._within(n)
        hashes, training = self._samples.hashes(n)[within], self._training.hashes(n)
        seen = np.zeros(2**_FILTER_BITS, bool)
        seen[_bucket(hashes)] = True
        candidates = training[seen[_bucket(training)]]  # a small part: sorting all of the text would cost far more
        return self._owners[: len(within)][within], np.isin(hashes, candidates)


def _bucket(hashes: UInt64[np.ndarray, " M"]) -> UInt64[np.ndarray, " M"]:
    return hashes >> np.uint64(64 - _FILTER_BITS)
