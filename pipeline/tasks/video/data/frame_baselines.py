"""What scores on frames without a network."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.source import Baseline
from pipeline.tasks.video.data.baselines import MAX_ITERATIONS, SCORED
from pipeline.tasks.video.data.scores import Guesses, frame_measures

CONTEXT = 9
"""Frames on each side that the wider one sees."""
EVERY = 2
"""One of so many training frames is learned: pieces overlap by half, and neighbours are nearly equal."""
REGULARISATION = (0.001, 0.01, 0.1, 1.0)

Guess = Callable[[Split], Guesses]


def baselines_of_frames(examples: Examples) -> list[Baseline]:
    """The most frequent class, and logistic regression on each frame alone and with its neighbours.

    Its one number is that of REGULARISATION with the best accuracy on the validation split.
    """
    most = int(np.bincount(np.concatenate(list(examples.splits["train"].targets))).argmax())
    guesses: dict[str, Guess] = {
        "majority": lambda split: [np.full(length, most) for length in split.lengths],
        "logistic regression on a frame": _regression(examples, 0),
        f"logistic regression on {2 * CONTEXT + 1} frames": _regression(examples, CONTEXT),
    }
    return [
        Baseline(
            name,
            {
                of: frame_measures(examples.splits[of], guess(examples.splits[of]), len(examples.classes))
                for of in SCORED
            },
        )
        for name, guess in guesses.items()
    ]


def with_neighbours(frames: Float[np.ndarray, "T D"], number: int) -> Float[np.ndarray, "T K"]:
    """Each frame beside so many before and behind it; beyond an end the first and the last stand again.

    >>> with_neighbours(np.array([[1.0], [2.0], [3.0]]), 1).tolist()
    [[1.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 3.0]]
    """
    at = np.arange(len(frames))[:, None] + np.arange(-number, number + 1)
    return frames[at.clip(0, len(frames) - 1)].reshape(len(frames), -1)


def _regression(examples: Examples, number: int) -> Guess:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def both(split: Split) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate([with_neighbours(of, number) for of in split.inputs]), np.concatenate(list(split.targets))

    x, y = both(examples.splits["train"])
    models = [
        make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=MAX_ITERATIONS, tol=1e-3)).fit(
            x[::EVERY], y[::EVERY]
        )
        for c in REGULARISATION
    ]
    best = max(models, key=lambda model: model.score(*both(examples.splits["validation"])))
    return lambda split: [np.asarray(best.predict(with_neighbours(of, number))) for of in split.inputs]
