"""A hidden Markov model of genes on both strands: what the generated set is drawn from, and its exact posterior.

Between genes, bases are independent. A gene is ATG, codons as genes use them, and a stop codon; on the strand - the
same is read from right to left. A codon is a path through a tree: a state is what has been read of it, and emits one
base for certain, so that all that is random is in the transitions. Rabiner 1989 (Proc. IEEE 77, 257-286) has the
forward-backward algorithm, scaled; Krogh et al. 1994 (Nucleic Acids Res. 22, 4768-4778) a gene finder of this kind.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from pipeline.tasks.dna.data.bases import FIRST_BASE, LABELS, Ids, Labels
from pipeline.tasks.dna.data.codons import CODONS, sense_codons, stop_codons

BETWEEN = {"A": 0.27, "C": 0.23, "G": 0.23, "T": 0.27}
"""Base composition between genes: a little more A and T than in them, as in bacteria."""
BASES_BETWEEN = 80
"""Mean length between two genes; the lengths are geometric."""
CODONS_OF_GENE = 60
"""Mean number of codons between start and stop, geometric too; at least one."""
SEQUENCES_AT_A_TIME = 100
Posterior = Float[np.ndarray, "_ 7"]
State = tuple[str, str]
"""What is being read, and the bases of it that were."""
Moves = Mapping[State, float]
Piece = Mapping[str, float]
"""Codons with their probabilities."""
_PAIR = str.maketrans("ACGT", "TGCA")


@dataclass(frozen=True)
class GeneModel:
    """S states, each with one base and one label."""

    start: Float[np.ndarray, " S"]
    """The stationary distribution: a sequence is cut out of an endless one."""
    transitions: Float[np.ndarray, "S S"]
    bases: Int[np.ndarray, " S"]
    """The id of each state's base."""
    labels: Int[np.ndarray, " S"]

    def sample(self, lengths: Sequence[int], rng: np.random.Generator) -> list[tuple[Ids, Labels]]:
        """Ids and labels of sequences with these lengths."""
        ladder = np.concatenate([self.start[None], self.transitions]).cumsum(1)
        ladder /= ladder[:, -1:]
        states = np.zeros((max(lengths), len(lengths)), np.int64)
        before = np.zeros(len(lengths), np.int64)
        for step in range(max(lengths)):
            states[step] = (ladder[before] < rng.random(len(lengths))[:, None]).sum(1)
            before = states[step] + 1
        return [(self.bases[states[:n, i]], self.labels[states[:n, i]]) for i, n in enumerate(lengths)]

    def posterior(self, sequences: Sequence[Ids]) -> list[Posterior]:
        """The probability of each label at each base, given the whole sequence."""
        found: list[Posterior] = []
        for i in range(0, len(sequences), SEQUENCES_AT_A_TIME):
            found += self._posterior(sequences[i : i + SEQUENCES_AT_A_TIME])
        return found

    def _posterior(self, sequences: Sequence[Ids]) -> list[Posterior]:
        ids = np.zeros((max(map(len, sequences)), len(sequences)), np.int64)  # 0 is the padding
        for i, sequence in enumerate(sequences):
            ids[: len(sequence), i] = sequence
        by_label = np.eye(len(LABELS))[self.labels]  # (S, 7)
        moves = csr_array(self.transitions)  # of a state some four follow, so that this is forty times faster
        found, forward = np.zeros((*ids.shape, len(LABELS))), self._forward(ids)
        backward = np.ones(forward.shape[1:])
        for step in reversed(range(len(ids))):
            joint = forward[step] * backward
            found[step] = joint.T @ by_label / joint.sum(0)[:, None]
            backward = moves @ (backward * self._emits(ids[step]))
            backward /= backward.sum(0)
        return [found[: len(sequence), i] for i, sequence in enumerate(sequences)]

    def _forward(self, ids: Int[np.ndarray, "T N"]) -> Float[np.ndarray, "T S N"]:
        """p(state | bases so far)."""
        found, moves = np.zeros((len(ids), len(self.start), ids.shape[1])), csr_array(self.transitions.T)
        predicted = np.repeat(self.start[:, None], ids.shape[1], 1)
        for step, seen in enumerate(ids):
            joint = predicted * self._emits(seen)
            found[step] = joint / joint.sum(0)
            predicted = moves @ found[step]
        return found

    def _emits(self, ids: Int[np.ndarray, " N"]) -> Float[np.ndarray, "S N"]:
        """1 where a state has this base; padding and an ambiguous base are any."""
        return ((self.bases[:, None] == ids) | (ids < FIRST_BASE)).astype(float)


@cache
def gene_model() -> GeneModel:
    """The model of the generated set."""
    between = {("between", base): share for base, share in BETWEEN.items()}
    begins, steps = {}, {}
    for strand in (1, -1):
        names = [f"{strand}:{i}" for i in range(3)]
        pieces = [{"ATG": 1.0}, _positive(sense_codons()), _positive(stop_codons())]
        pieces = pieces if strand == 1 else [_turned(piece) for piece in reversed(pieces)]
        entries = [_first(name, piece) for name, piece in zip(names, pieces, strict=True)]
        goes_on = _mixed(entries[1], entries[2], 1 / CODONS_OF_GENE)
        for name, piece, then in zip(names, pieces, (entries[1], goes_on, between), strict=True):
            steps |= _tree(name, piece, then)
        begins |= {state: p / 2 for state, p in entries[0].items()}
    return _numbered(steps | dict.fromkeys(between, _mixed(between, begins, 1 / BASES_BETWEEN)))


def _positive(shares: Float[np.ndarray, " 64"]) -> Piece:
    return {codon: float(p) for codon, p in zip(CODONS, shares, strict=True) if p}


def _turned(piece: Piece) -> Piece:
    """Codons as they are read from the other strand."""
    return {codon.translate(_PAIR)[::-1]: p for codon, p in piece.items()}


def _mixed(a: Moves, b: Moves, share: float) -> Moves:
    """To `b` with this probability, to `a` otherwise."""
    return {to: p * (1 - share) for to, p in a.items()} | {to: p * share for to, p in b.items()}


def _share(piece: Piece, read: str) -> float:
    return math.fsum(p for codon, p in piece.items() if codon.startswith(read))


def _first(name: str, piece: Piece) -> Moves:
    """The states after the first base of a codon."""
    return {(name, base): p for base in "ACGT" if (p := _share(piece, base))}


def _tree(name: str, piece: Piece, then: Moves) -> dict[State, Moves]:
    """The moves from each state of a codon, and from its end to `then`."""
    steps: dict[State, Moves] = {(name, codon): then for codon in piece}
    for size in (1, 2):
        for read in {codon[:size] for codon in piece}:
            following = {(name, read + base): _share(piece, read + base) / _share(piece, read) for base in "ACGT"}
            steps[name, read] = {to: p for to, p in following.items() if p}
    return steps


def _numbered(steps: Mapping[State, Moves]) -> GeneModel:
    states = sorted(steps)
    number = {state: i for i, state in enumerate(states)}
    transitions = np.zeros((len(states), len(states)))
    for state, moves in steps.items():
        for to, p in moves.items():
            transitions[number[state], number[to]] = p
    bases = np.array([FIRST_BASE + "ACGT".index(read[-1]) for _, read in states])
    labels = np.array([_label(name, len(read)) for name, read in states])
    return GeneModel(_stationary(transitions), transitions, bases, labels)


def _stationary(transitions: Float[np.ndarray, "S S"]) -> Float[np.ndarray, " S"]:
    size = len(transitions)
    equations = np.concatenate([transitions.T - np.eye(size), np.ones((1, size))])
    start = np.linalg.lstsq(equations, np.eye(size + 1)[-1], rcond=None)[0].clip(0)
    return start / start.sum()


def _label(name: str, place: int) -> int:
    """On the strand - the base that is read first is the codon's third."""
    if name == "between":
        return 0
    return place if name.startswith("1") else 3 + (4 - place)
