"""Scores of labelled bases: of each base, and of whole exons, counted per example so that intervals can be drawn."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from pipeline.examples.measures import Measure, bootstrap
from pipeline.examples.sets import Split
from pipeline.tasks.dna.data.bases import LABELS, Labels, is_scored, runs
from pipeline.tasks.dna.data.pieces import Region, joined, regions
from pipeline.tokens.windows import IGNORED

C = len(LABELS)
Counts = Int[np.ndarray, "N K"]
"""Of each example the confusion matrix, then exons that there are, that were called, and that were both."""


def counts_of_answers(split: Split, called: Sequence[Labels]) -> Counts:
    """The counts of labels called for each example."""
    found = regions(split)
    return counts(split, found, [joined(split, region, called) for region in found])


def counts(split: Split, found: Sequence[Region], called: Sequence[Labels]) -> Counts:
    """The counts of labels called for each region."""
    rows = np.zeros((len(split), C * C + 3), np.int64)
    for region, of in zip(found, called, strict=True):
        _count_bases(rows, region, of)
        _count_exons(rows, region, of)
    return rows


def _count_bases(rows: Counts, region: Region, called: Labels) -> None:
    for member, (low, high) in zip(region.members, region.cores, strict=True):
        labels, of = region.labels[low:high], called[low:high]
        pairs = (C * labels + of)[is_scored(labels)]
        rows[member, : C * C] += np.bincount(pairs, minlength=C * C)


def _count_exons(rows: Counts, region: Region, called: Labels) -> None:
    """An exon counts where it begins; one beside a base without a label is not known whole."""
    ends = np.array([high for _, high in region.cores])
    true, found = (
        _exons(labels, region) for labels in (region.labels, np.where(is_scored(region.labels), called, IGNORED))
    )
    for column, exons in enumerate((true, found, true & found)):
        for start, *_ in exons:
            rows[region.members[int(np.searchsorted(ends, start, side="right"))], C * C + column] += 1


def _exons(labels: Labels, region: Region) -> set[tuple[int, int, int]]:
    unknown = np.concatenate([[False], ~is_scored(region.labels), [False]])
    return {run for run in runs(labels) if not (unknown[run[0]] or unknown[run[1] + 1])}


def measures(rows: Counts) -> dict[str, Measure]:
    """All scores with intervals over the examples."""
    return {name: bootstrap(rows.tolist(), score) for name, score in SCORES.items()}


def _binary(sums: np.ndarray) -> tuple[float, ...]:
    """Coding bases against the others: true and false positives, false and true negatives."""
    matrix = sums[: C * C].reshape(C, C).astype(float)
    return tuple(map(float, (matrix[1:, 1:].sum(), matrix[0, 1:].sum(), matrix[1:, 0].sum(), matrix[0, 0])))


def mcc(sums: np.ndarray) -> float:
    """Matthews' correlation (1975, Biochim. Biophys. Acta 405, 442-451) of coding or not; 0 where one is never said.

    >>> mcc(np.array([3, 1, *[0] * 5, 1, 3, *[0] * 40]))
    0.5
    """
    tp, fp, fn, tn = _binary(sums)
    return _ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


def _f1(sums: np.ndarray) -> float:
    tp, fp, fn, _ = _binary(sums)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def _sensitivity(sums: np.ndarray) -> float:
    tp, _, fn, _ = _binary(sums)
    return _ratio(tp, tp + fn)


def _precision(sums: np.ndarray) -> float:
    tp, fp, _, _ = _binary(sums)
    return _ratio(tp, tp + fp)


def _accuracy(sums: np.ndarray) -> float:
    matrix = sums[: C * C].reshape(C, C)
    return _ratio(matrix.trace(), matrix.sum())


def _macro_f1(sums: np.ndarray) -> float:
    """The mean over the labels that there are."""
    matrix = sums[: C * C].reshape(C, C)
    there = matrix.sum(1) > 0
    both = matrix.sum(0) + matrix.sum(1)
    return float(np.mean(2 * matrix.diagonal()[there] / both[there]))


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b else 0.0


SCORES = {
    "mcc": mcc,
    "f1": _f1,
    "sensitivity": _sensitivity,
    "precision": _precision,
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
    "exon_sensitivity": lambda sums: _ratio(sums[-1], sums[-3]),
    "exon_precision": lambda sums: _ratio(sums[-1], sums[-2]),
}
"""The main one first."""


def by_label(rows: Counts) -> list[Mapping[str, float | str]]:
    """What became of the bases of each label; it against all others."""
    matrix = rows.sum(0)[: C * C].reshape(C, C).astype(float)
    return [
        {
            "label": label,
            "n": int(matrix[i].sum()),
            "mcc": _one_label(matrix, i),
            "f1": _ratio(2 * matrix[i, i], matrix[i].sum() + matrix[:, i].sum()),
            "sensitivity": _ratio(matrix[i, i], matrix[i].sum()),
            "precision": _ratio(matrix[i, i], matrix[:, i].sum()),
        }
        for i, label in enumerate(LABELS)
    ]


def _one_label(matrix: np.ndarray, i: int) -> float:
    there, called, n, both = matrix[i].sum(), matrix[:, i].sum(), matrix.sum(), matrix[i, i]
    spread = np.sqrt(there * called * float(n - there) * float(n - called))
    return _ratio(both * n - there * called, spread)
