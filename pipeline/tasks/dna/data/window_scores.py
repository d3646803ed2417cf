"""Scores of windows with a class, from the confusion matrix."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.examples.class_scores import class_scores
from pipeline.examples.measures import Measure, bootstrap
from pipeline.examples.sets import Split


def window_measures(split: Split, classes: Sequence[str], called: Sequence[int]) -> Mapping[str, Measure]:
    """The correlation R_K, accuracy and macro F1, with intervals over the windows."""
    size, targets, guesses = len(classes), np.array([int(t) for t in split.targets]), np.array(called)
    cells = np.eye(size**2)[targets * size + guesses]  # each window's cell of the confusion matrix
    mcc = bootstrap(cells.tolist(), lambda sums: correlation(sums.reshape(size, size)))
    return {"mcc": mcc, **class_scores(targets, guesses, size)}


def correlation(matrix: np.ndarray) -> float:
    """R_K (Gorodkin 2004, Comput. Biol. Chem. 28, 367-374): Matthews' correlation for several classes.

    >>> round(correlation(np.array([[3.0, 1], [1, 3]])), 12)
    0.5
    """
    true, called, n = matrix.sum(1), matrix.sum(0), matrix.sum()
    spread = (n**2 - called @ called) * (n**2 - true @ true)
    return float((matrix.trace() * n - true @ called) / np.sqrt(spread)) if spread else 0.0
