"""What classifiers score that see the whole image at once."""

import numpy as np

from pipeline.examples.class_scores import class_scores
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.sequential_digits.data.images import pixels_of
from pipeline.tasks.sequential_digits.params import SequentialDigitsParams
from pipeline.tasks.source import Baseline

MAX_ITERATIONS = 1000


def baselines(params: SequentialDigitsParams, examples: Examples) -> list[Baseline]:
    """The most frequent digit, logistic regression, nearest neighbour; the order of pixels does not matter to them."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    models = {
        "majority": DummyClassifier(),
        "logistic regression on all pixels": LogisticRegression(max_iter=MAX_ITERATIONS),
        "nearest neighbour": KNeighborsClassifier(1),
    }
    train = examples.splits["train"]
    for model in models.values():
        model.fit(pixels_of(train), _targets(train))
    return [
        Baseline(name, {split: _scores(model, examples.splits[split]) for split in ("validation", "test")})
        for name, model in models.items()
    ]


def _scores(model, split: Split) -> dict[str, Measure]:
    return class_scores(_targets(split), np.asarray(model.predict(pixels_of(split))), 10)


def _targets(split: Split) -> np.ndarray:
    return np.array([int(target) for target in split.targets])
