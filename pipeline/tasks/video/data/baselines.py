"""What scores on clips without a network."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from pipeline.examples.class_scores import class_scores
from pipeline.examples.sets import Examples, Split
from pipeline.examples.warping import nearest
from pipeline.tasks.source import Baseline

NEIGHBOURS = 300
"""Training clips that the warped nearest neighbour is looked for among: the time is the product of both numbers."""
MAX_ITERATIONS = 1000
SCORED = ("validation", "test")

Guess = Callable[[Split], Int[np.ndarray, " N"]]


def baselines_of_clips(examples: Examples) -> list[Baseline]:
    """The most frequent class, a bag of frames, and the nearest training clip by two distances."""
    train, targets = examples.splits["train"], _targets(examples.splits["train"])
    guesses: dict[str, Guess] = {
        "majority": lambda split: np.full(len(split), np.bincount(targets).argmax()),
        "bag of frames": _bag_of_frames(train, targets),
    }
    lengths = {length for split in examples.splits.values() for length in split.lengths}
    if len(lengths) == 1:
        guesses["nearest neighbour"] = _nearest(train, targets)
    guesses["nearest neighbour by warping"] = lambda split: targets[nearest(split.inputs, train.inputs[:NEIGHBOURS])]
    return [_baseline(name, guess, examples) for name, guess in guesses.items()]


def _baseline(name: str, guess: Guess, examples: Examples) -> Baseline:
    splits = {split: examples.splits[split] for split in SCORED}
    return Baseline(
        name, {of: class_scores(_targets(split), guess(split), len(examples.classes)) for of, split in splits.items()}
    )


def _targets(split: Split) -> Int[np.ndarray, " N"]:
    return np.array([int(target) for target in split.targets])


def bag(frames: Float[np.ndarray, "T D"]) -> Float[np.ndarray, "4*D"]:
    """Mean, standard deviation, least and largest value of each channel.

    The values are sorted first: in another order even their rounded sum could be another.
    """
    values = np.sort(frames, axis=0).astype(np.float64)
    return np.concatenate([values.mean(0), values.std(0), values[0], values[-1]])


def _bag_of_frames(train: Split, targets: Int[np.ndarray, " N"]) -> Guess:
    """Logistic regression on the bag of each clip."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    model.fit(_bags(train.inputs), targets)
    return lambda split: np.asarray(model.predict(_bags(split.inputs)))


def _bags(clips: Sequence[Float[np.ndarray, "_ D"]]) -> Float[np.ndarray, "N 4*D"]:
    return np.stack([bag(frames) for frames in clips])


def _nearest(train: Split, targets: Int[np.ndarray, " N"]) -> Guess:
    """By the Euclidean distance of whole clips, frame by frame."""
    from sklearn.neighbors import KNeighborsClassifier

    def flat(split: Split) -> Float[np.ndarray, "N K"]:
        return np.stack(split.inputs).reshape(len(split), -1)

    model = KNeighborsClassifier(1).fit(flat(train), targets)
    return lambda split: np.asarray(model.predict(flat(split)))
