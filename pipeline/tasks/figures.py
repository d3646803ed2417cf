"""What examples look like: how long they are, and how often each class comes."""

from collections import Counter

import numpy as np
from matplotlib.figure import Figure

from pipeline.examples.sets import Examples
from pipeline.figures import PALETTE, panels
from pipeline.tasks.params import TaskParams

NUM_CLASSES = 20
"""Shown at most."""


def lengths_and_classes(params: TaskParams, examples: Examples) -> Figure:
    """Of the training split."""
    train = examples.splits["train"]
    figure, (left, right) = panels(2, 10.0, 3.8)
    left.hist(train.lengths, bins=30, color=PALETTE[0])
    left.set(xlabel="steps of an example", ylabel="examples")
    if examples.classes:
        flat = np.concatenate([np.atleast_1d(target) for target in train.targets])
        counts = Counter(flat[flat >= 0].tolist())
        names = [examples.classes[i] for i, _ in counts.most_common(NUM_CLASSES)]
        right.barh(names[::-1], [n for _, n in counts.most_common(NUM_CLASSES)][::-1], color=PALETTE[1])
        right.set(xlabel="targets")
    else:
        right.hist(np.array(train.targets), bins=30, color=PALETTE[1])
        right.set(xlabel="target", ylabel="examples")
    return figure
