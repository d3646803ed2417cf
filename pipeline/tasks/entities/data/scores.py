"""Entity precision, recall and F1, micro over spans, with intervals over sentences."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.examples.measures import Measure, bootstrap
from pipeline.tasks.entities.data.spans import Span, counts, spans_of

Spans = Sequence[Sequence[Span]]
"""The entities of each sentence."""


def precision(sums: np.ndarray) -> float:
    """Of the sums of `counts` the share of what was found that is right; 0, as conlleval has it, where nothing is."""
    right, found, _ = sums
    return float(right / found) if found else 0.0


def recall(sums: np.ndarray) -> float:
    """The share of what was wanted that was found."""
    right, _, wanted = sums
    return float(right / wanted) if wanted else 0.0


def f1(sums: np.ndarray) -> float:
    """The harmonic mean of both.

    >>> f1(np.array([1, 2, 2]))
    0.5
    """
    right, found, wanted = sums
    return float(2 * right / (found + wanted)) if found + wanted else 0.0


ENTITY_SCORES = {"f1": f1, "precision": precision, "recall": recall}


def entity_measures(wanted: Spans, found: Spans) -> dict[str, Measure]:
    """The entity scores of the answers to some sentences."""
    rows = [counts(w, f) for w, f in zip(wanted, found, strict=True)]
    return {name: bootstrap(rows, score) for name, score in ENTITY_SCORES.items()}


def tag_measures(wanted: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> Mapping[str, Measure]:
    """The entity scores of tags, and the share of right tags, which `O` alone makes high."""
    right = [(sum(map(str.__eq__, w, f)), len(w)) for w, f in zip(wanted, found, strict=True)]
    accuracy = bootstrap(right, lambda sums: float(sums[0] / sums[1]))
    return {**entity_measures(list(map(spans_of, wanted)), list(map(spans_of, found))), "token_accuracy": accuracy}
