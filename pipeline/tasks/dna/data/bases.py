"""Bases as ids, their labels, and the other strand of both.

An ambiguous base, whatever its code, is the id UNK, and its own complement.
"""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
from jaxtyping import Bool, Float, Int

from pipeline.base.errors import PipelineError
from pipeline.tokens.vocabulary import Vocabulary, learn
from pipeline.tokens.windows import IGNORED, UNK

LABELS = ("none", "+1", "+2", "+3", "-1", "-2", "-3")
"""Strand and place in the codon, of a base that codes; on the strand - a codon is read from right to left."""
FIRST_BASE = 2
_LETTERS = "ACGT"
_AMBIGUOUS = "NRYSWKMBDHVX"
_IDS = np.full(256, IGNORED, np.int64)
_IDS[[ord(c) for c in _AMBIGUOUS + _AMBIGUOUS.lower()]] = UNK
_IDS[[ord(c) for c in _LETTERS + _LETTERS.lower()]] = [*range(FIRST_BASE, FIRST_BASE + 4)] * 2
_IDS[[ord(c) for c in "Uu"]] = _IDS[ord("T")]
_OTHER_STRAND = np.array([0, 1, 5, 4, 3, 2])
_OTHER_LABEL = np.array([0, 4, 5, 6, 1, 2, 3, IGNORED])  # the last one is that of IGNORED

Ids = Int[np.ndarray, "_"]
"""(T,); no name of the axis, for sequences side by side have lengths of their own."""
Labels = Int[np.ndarray, "_"]


def vocabulary(kmer: int, period: int | None) -> Vocabulary:
    """EOS, UNK, and all k-mers, at each place of the period; the same for every set: a network reads any genome.

    >>> vocabulary(1, None).encode("A C G T N").tolist()
    [2, 3, 4, 5, 1]
    >>> vocabulary(3, 3).encode("0AAA 0AAC 1AAA").tolist()
    [2, 3, 66]
    """
    places = [f"{i:0{len(str(period))}}" for i in range(period)] if period else [""]
    tokens = ["".join(parts) for parts in product(places, *[_LETTERS] * kmer)]
    return Vocabulary(learn(dict.fromkeys(tokens, 1), FIRST_BASE + len(tokens), "spaces"))


def step_ids(ids: Ids, kmer: int, period: int | None) -> Ids:
    """The id of each step: the k-mer around its base, and its place modulo the period, where there is one.

    It is UNK where the k-mer holds an ambiguous base or goes beyond an end.

    >>> step_ids(ids_of("AACNACT", ""), 3, None).tolist()
    [1, 3, 1, 1, 1, 9, 1]
    >>> step_ids(ids_of("AAAA", ""), 1, 3).tolist()
    [2, 6, 10, 2]
    """
    around = np.pad(ids, kmer // 2, constant_values=UNK)
    found, is_known = np.zeros(len(ids), np.int64), np.ones(len(ids), bool)
    for i in range(kmer):
        bases = around[i : i + len(ids)]
        found, is_known = 4 * found + bases - FIRST_BASE, is_known & (bases >= FIRST_BASE)
    places = np.arange(len(ids)) % period * 4**kmer if period else 0
    return np.where(is_known, found + places + FIRST_BASE, UNK)


def ids_of(bases: str, where: str) -> Ids:
    """The ids of bases, in either case, DNA or RNA.

    Raises:
        PipelineError: at a character that is no code of IUPAC for bases.

    >>> ids_of("acguR", "argument").tolist()
    [2, 3, 4, 5, 1]
    """
    ids = _IDS[np.frombuffer(bases.encode("latin-1", "replace"), np.uint8)]
    if (ids == IGNORED).any():
        at = int((ids == IGNORED).argmax())
        rule = "bases are A, C, G, T, U, or codes of several of them such as N"
        raise PipelineError(where, rule, f"{bases[at]!r} at place {at + 1}", "correct it")
    return ids


def letters(ids: Ids) -> str:
    """The bases of ids, in capitals.

    >>> letters(np.array([2, 5, 1]))
    'ATN'
    """
    return "".join(np.array(list("?N" + _LETTERS))[ids].tolist())


def reverse_complement(ids: Ids) -> Ids:
    """The other strand, in its own order of reading.

    >>> letters(reverse_complement(ids_of("AACG", "")))
    'CGTT'
    """
    return _OTHER_STRAND[ids[::-1]]


def reversed_labels(labels: Labels) -> Labels:
    """The labels of the other strand's bases, in its order of reading.

    >>> reversed_labels(np.array([0, 1, 2, 3, -1])).tolist()
    [-1, 6, 5, 4, 0]
    """
    return _OTHER_LABEL[labels[::-1]]


def calls(probabilities: Float[np.ndarray, "T 7"]) -> Labels:
    """The label that is taken: a base codes where that is more likely than not, then its likeliest strand and place.

    >>> calls(np.array([[0.4, 0.3, 0.3, 0, 0, 0, 0], [0.6, 0.4, 0, 0, 0, 0, 0]])).tolist()
    [1, 0]
    """
    return np.where(probabilities[:, 0] < 0.5, 1 + probabilities[:, 1:].argmax(1), 0)


def reverse_probabilities(probabilities: Float[np.ndarray, "T 7"]) -> Float[np.ndarray, "T 7"]:
    """What was said of the other strand, as it is for this one."""
    return probabilities[::-1][:, _OTHER_LABEL[:7]]


def strands(labels: Labels) -> Int[np.ndarray, " T"]:
    """1 where the strand + codes, -1 where the other one does, and 0.

    >>> strands(np.array([0, 1, 3, 4, 6, -1])).tolist()
    [0, 1, 1, -1, -1, 0]
    """
    return np.where(labels >= 4, -1, np.where(labels >= 1, 1, 0))


def runs(labels: Labels) -> Sequence[tuple[int, int, int]]:
    """Start, end (behind the last base) and strand of each stretch in which one strand codes.

    >>> runs(np.array([0, 1, 2, 4, 4, 0, 3]))
    [(1, 3, 1), (3, 5, -1), (6, 7, 1)]
    """
    of = strands(labels)
    bounds = [0, *(np.flatnonzero(np.diff(of)) + 1).tolist(), len(of)]
    return [(a, b, int(of[a])) for a, b in pairwise(bounds) if b > a and of[a]]


def strand_probabilities(probabilities: Float[np.ndarray, "T 7"]) -> Float[np.ndarray, "T 3"]:
    """That a base codes on no strand, on +, and on -; so that a strand's number, 1 or -1, is its index.

    >>> strand_probabilities(np.array([[0.1, 0.2, 0.3, 0.4, 0, 0, 0]])).round(6).tolist()
    [[0.1, 0.9, 0.0]]
    """
    return np.stack([probabilities[:, 0], probabilities[:, 1:4].sum(1), probabilities[:, 4:].sum(1)], 1)


def phase_of(run: Labels) -> int:
    """The bases before the first whole codon of a stretch on one strand, in the order of reading: what most labels say.

    >>> phase_of(np.array([2, 3, 1])), phase_of(np.array([4, 6, 5, 4, 4])), phase_of(np.array([1, 1, 3]))
    (2, 1, 0)
    """
    places = (run - 1 if run[0] < 4 else run[::-1] - 4).astype(np.int64)
    first = np.bincount((places - np.arange(len(run))) % 3).argmax()
    return int(-first % 3)


def is_scored(labels: Labels) -> Bool[np.ndarray, " T"]:
    """Where there is a label."""
    return labels != IGNORED
