"""What a 1-gram and a 2-gram pay, fitted to the same training examples."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples
from pipeline.tasks.bigram.data.scores import looked_up, measured
from pipeline.tasks.bigram.params import BigramParams
from pipeline.tasks.source import Baseline
from pipeline.text.ngram import KneserNey
from pipeline.tokens.windows import EOS


def baselines(params: BigramParams, examples: Examples) -> list[Baseline]:
    """The 1-gram and the 2-gram of the same training examples."""
    return [Baseline(f"{order}-gram", _scores(table_of(order, examples), examples)) for order in (1, 2)]


def _scores(table: Float[np.ndarray, "inputs V"], examples: Examples) -> Mapping[str, Mapping[str, Measure]]:
    scores = {}
    for name in ("validation", "test"):
        split = examples.splits[name]
        bits, best = looked_up(table, split)
        scores[name] = measured(split, bits.tolist(), (best == np.array(split.targets)).tolist())
    return scores


def table_of(order: int, examples: Examples) -> Float[np.ndarray, "inputs V"]:
    """p(next | this) of the n-gram (interpolated modified Kneser-Ney); the last row is that of the begin token."""
    size = len(examples.classes)
    ids = np.array(examples.splits["train"].targets)
    model = KneserNey.fit(ids, size, order, "units")
    return np.stack([model.probabilities([before]) for before in [*range(size), EOS]])
