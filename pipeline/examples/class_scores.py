"""Scores of classes that were guessed, one an example."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int, Integer

from pipeline.examples.measures import RESAMPLES, Measure, share


def class_scores(
    targets: Integer[np.ndarray, " N"], guesses: Integer[np.ndarray, " N"], num_classes: int
) -> dict[str, Measure]:
    """`accuracy` with Wilson's interval, and `macro_f1` with that of the bootstrap over examples.

    >>> found = class_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    >>> round(found["accuracy"].value, 3), round(found["macro_f1"].value, 3)
    (0.667, 0.667)
    """
    matrix = confusion(targets, guesses, num_classes)
    return {"accuracy": share(int(matrix.trace()), len(targets)), "macro_f1": _bootstrapped(matrix)}


def _bootstrapped(matrix: Int[np.ndarray, "C C"]) -> Measure:
    """Macro F1 with its percentile interval: examples drawn with replacement fall into cells by their shares."""
    number, rng = int(matrix.sum()), np.random.default_rng(1)
    drawn = rng.multinomial(number, matrix.flatten() / number, size=RESAMPLES).reshape(-1, *matrix.shape)
    low, high = np.quantile([macro_f1(cells) for cells in drawn], [0.025, 0.975])
    return Measure(macro_f1(matrix), float(low), float(high))


def confusion(
    targets: Integer[np.ndarray, " N"], guesses: Integer[np.ndarray, " N"], num_classes: int
) -> Int[np.ndarray, "C C"]:
    """How often each class (row) was taken for each (column).

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    return np.bincount(targets * num_classes + guesses, minlength=num_classes**2).reshape(num_classes, num_classes)


def macro_f1(matrix: Integer[np.ndarray, "C C"]) -> float:
    """The mean over classes of F1 = 2 TP / (2 TP + FP + FN); 0 for a class that neither occurs nor is guessed."""
    either = matrix.sum(0) + matrix.sum(1)
    return float(np.mean(2 * matrix.diagonal() / np.where(either > 0, either, 1)))


def length_bin(length: int) -> str:
    """The bin of a length: bins double.

    >>> [length_bin(n) for n in (1, 8, 9, 16, 17, 100)]
    ['1-8', '1-8', '9-16', '9-16', '17-32', '65-128']
    """
    top = max(8, 1 << (length - 1).bit_length())
    return f"{1 if top == 8 else top // 2 + 1}-{top}"


def rows_by(
    key: str, values: Sequence[str], targets: Integer[np.ndarray, " N"], guesses: Integer[np.ndarray, " N"]
) -> list[dict[str, object]]:
    """A row for each value, as they come: how many examples have it, and their accuracy.

    >>> rows_by("side", ["left", "left"], np.array([0, 1]), np.array([0, 0]))[0]["accuracy"]
    0.5
    """
    names, rows = np.array(values), []
    for value in dict.fromkeys(values):
        at = names == value
        found = share(int((targets == guesses)[at].sum()), int(at.sum()))
        measures = {"accuracy": found.value, "accuracy_low": found.low, "accuracy_high": found.high}
        rows.append({key: value, "n": int(at.sum()), **measures})
    return rows


def rows_by_length(
    lengths: Sequence[int], targets: Integer[np.ndarray, " N"], guesses: Integer[np.ndarray, " N"]
) -> list[dict[str, object]]:
    """The same by bins of lengths, the shortest first."""
    order = np.argsort(lengths, kind="stable")
    return rows_by("length", [length_bin(lengths[i]) for i in order], targets[order], guesses[order])
