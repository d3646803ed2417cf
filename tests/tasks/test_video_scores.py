"""Scores and baselines of a class a frame."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.video.data.frame_baselines import baselines_of_frames, with_neighbours
from pipeline.tasks.video.data.scores import frame_confusion, frame_measures

CLASSES = ["still", "wave"]


def test_scores_of_frames_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    targets = [rng.integers(3, size=length) for length in (250, 130, 7)]
    guesses = [np.where(rng.random(len(of)) < 0.6, of, rng.integers(3, size=len(of))) for of in targets]
    split = Split([np.zeros((len(of), 1), np.float32) for of in targets], targets)
    found = frame_measures(split, guesses, 3)
    flat = np.concatenate(targets), np.concatenate(guesses)
    assert found["accuracy"].value == pytest.approx(accuracy_score(*flat))
    assert found["macro_f1"].value == pytest.approx(f1_score(*flat, average="macro"))
    assert found["accuracy"].low < found["accuracy"].value < found["accuracy"].high
    assert frame_confusion(split, guesses, 3).sum() == 387


def test_the_interval_of_frames_is_that_of_stretches():
    """Where a stretch is right or wrong as one, it is as wide as that of so many trials, not of so many frames."""
    rng = np.random.default_rng(3)
    right = rng.random(36) < 0.5
    targets = [np.zeros(3600, int), np.ones(3600, int)]
    guess = np.repeat(np.where(right, 0, 1), 100)
    split = Split([np.zeros((3600, 1), np.float32)] * 2, targets)
    found = frame_measures(split, [guess, 1 - guess], 2)["accuracy"]
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.5 / 72**0.5, rel=0.15)


def test_a_frame_is_seen_with_its_neighbours():
    frames = np.arange(5.0)[:, None]
    assert with_neighbours(frames, 2).tolist() == [
        [0, 0, 0, 1, 2], [0, 0, 1, 2, 3], [0, 1, 2, 3, 4], [1, 2, 3, 4, 4], [2, 3, 4, 4, 4],
    ]  # fmt: skip


def test_baselines_of_frames_see_more_with_their_neighbours():
    """The class of a frame is the sign of the one four frames before."""
    rng = np.random.default_rng(4)

    def split(number: int) -> Split:
        inputs = [rng.normal(size=(60, 2)).astype(np.float32) for _ in range(number)]
        return Split(inputs, [(np.roll(of[:, 0], 4) > 0).astype(int) for of in inputs])

    examples = Examples({"train": split(12), "validation": split(2), "test": split(4)}, CLASSES)
    majority, alone, wide = (row.scores["test"]["accuracy"].value for row in baselines_of_frames(examples))
    assert max(majority, alone) < 0.65
    assert wide > 0.85
