"""Scores of a class a frame."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from pipeline.examples.class_scores import confusion, macro_f1
from pipeline.examples.measures import Measure, bootstrap
from pipeline.examples.sets import Split

STRETCH = 100
"""Frames of a unit of the bootstrap. Neighbours are nearly copies of each other, so frames are no units; recordings
would be, but there may be two."""

Guesses = Sequence[Int[np.ndarray, "_"]]
"""Of each frame of each clip."""


def frame_measures(split: Split, guesses: Guesses, num_classes: int) -> dict[str, Measure]:
    """`accuracy` and `macro_f1` of all frames, with intervals over stretches of a recording."""
    units = [
        confusion(targets[i : i + STRETCH], guess[i : i + STRETCH], num_classes)
        for targets, guess in zip(split.targets, guesses, strict=True)
        for i in range(0, len(targets), STRETCH)
    ]

    def accuracy(cells: np.ndarray) -> float:
        matrix = cells.reshape(num_classes, num_classes)
        return float(matrix.trace() / matrix.sum())

    return {
        "accuracy": bootstrap(units, accuracy),
        "macro_f1": bootstrap(
            units, lambda cells: macro_f1(cells.reshape(num_classes, num_classes).round().astype(int))
        ),
    }


def frame_confusion(split: Split, guesses: Guesses, num_classes: int) -> Int[np.ndarray, "C C"]:
    """How often each class (row) was taken for each (column), in frames."""
    return confusion(np.concatenate(list(split.targets)), np.concatenate(list(guesses)), num_classes)
