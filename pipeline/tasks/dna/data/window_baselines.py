"""What names the class of a window without a network: each place on its own, or all of them weighed together."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.dna.data.bases import FIRST_BASE, ids_of
from pipeline.tasks.dna.data.window_scores import window_measures
from pipeline.tasks.dna.params import DnaParams
from pipeline.tasks.source import Baseline

NUM_IDS = FIRST_BASE + 4
CLASSIFIER_STEPS = 1000
Caller = Callable[[Split], Sequence[int]]


def baselines_of_windows(params: DnaParams, examples: Examples) -> Sequence[Baseline]:
    """Majority, positional naive Bayes and logistic regression on one-hot bases, of the training windows."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import CategoricalNB

    train = examples.splits["train"]
    targets, width = np.array(train.targets), max(train.lengths)
    most = int(np.bincount(targets).argmax())
    bayes = CategoricalNB(min_categories=NUM_IDS).fit(_table(train, width), targets)
    regression = LogisticRegression(max_iter=CLASSIFIER_STEPS).fit(_one_hot(train, width), targets)
    callers: dict[str, Caller] = {
        f"always {examples.classes[most]}": lambda split: [most] * len(split),
        "positional naive Bayes": lambda split: bayes.predict(_table(split, width)),
        "logistic regression on one-hot bases": lambda split: regression.predict(_one_hot(split, width)),
    }
    return [Baseline(name, _scores(examples, caller)) for name, caller in callers.items()]


def _scores(examples: Examples, caller: Caller) -> dict:
    held_out = {name: examples.splits[name] for name in ("validation", "test")}
    return {name: window_measures(split, examples.classes, caller(split)) for name, split in held_out.items()}


def _table(split: Split, width: int) -> np.ndarray:
    """The ids of windows side by side, cut or padded with 0 to one width."""
    table = np.zeros((len(split), width), np.int64)
    for row, bases in zip(table, split.notes["bases"], strict=True):
        row[: min(width, len(bases))] = ids_of(bases[:width], "")
    return table


def _one_hot(split: Split, width: int) -> np.ndarray:
    return np.eye(NUM_IDS, dtype=np.float32)[_table(split, width)].reshape(len(split), -1)
