"""What scores without a network: the most frequent transcript, the nearest clip, and for single words regression."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.source import Baseline
from pipeline.tasks.speech.data.scores import measure
from pipeline.tasks.speech.data.warping import distances
from pipeline.tasks.speech.params import SpeechParams

MOST_TEMPLATES = 100
"""Training clips, evenly spaced, that a clip is compared with."""
THINNED = 2
"""Of so many steps one is compared."""
PARTS = 3
MAX_ITERATIONS = 1000

Answers = dict[str, Sequence[str]]
"""By the name of the split."""
HELD_OUT = ("validation", "test")


def baselines(params: SpeechParams, examples: Examples) -> list[Baseline]:
    """Learned from the training split; the regression where every transcript is a word."""
    found = {"most frequent transcript": _most_frequent(examples), "nearest clip by time warping": _nearest(examples)}
    if all(" " not in text for split in examples.splits.values() for text in split.notes["text"]):
        found["logistic regression on pooled frames"] = _regression(examples)
    return [
        Baseline(name, {split: measure(of, examples.splits[split].notes["text"]) for split, of in answers.items()})
        for name, answers in found.items()
    ]


def _most_frequent(examples: Examples) -> Answers:
    ((text, _),) = Counter(examples.splits["train"].notes["text"]).most_common(1)
    return {name: [text] * len(examples.splits[name]) for name in HELD_OUT}


def _nearest(examples: Examples) -> Answers:
    """The transcript of the training clip that is nearest."""
    train = examples.splits["train"]
    picked = np.unique(np.linspace(0, len(train) - 1, MOST_TEMPLATES).round().astype(int))
    templates, texts = [train.inputs[i][::THINNED] for i in picked], [train.notes["text"][i] for i in picked]
    return {
        name: [texts[int(distances(steps[::THINNED], templates).argmin())] for steps in examples.splits[name].inputs]
        for name in HELD_OUT
    }


def _regression(examples: Examples) -> Answers:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = examples.splits["train"]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    model.fit(_pooled(train), train.notes["text"])
    return {name: [str(text) for text in model.predict(_pooled(examples.splits[name]))] for name in HELD_OUT}


def _pooled(split: Split) -> Float[np.ndarray, "N P"]:
    """Mean and standard deviation of each band in the first, second and last third of a clip."""
    rows = []
    for steps in split.inputs:
        thirds = np.array_split(steps, PARTS) if len(steps) >= PARTS else [steps] * PARTS
        rows.append(np.concatenate([of for third in thirds for of in (third.mean(0), third.std(0))]))
    return np.array(rows)
