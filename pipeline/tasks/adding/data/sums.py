"""Adding: two values of a long sequence are marked, and their sum is asked at its end.

Hochreiter & Schmidhuber 1997, experiment 4. At each step a network reads a value, uniform in [0, 1], and a mark, 1 at
two steps and 0 at the others: one step of the first half and one of the second, never the last. The best
answer without memory is 1, the mean of the sum; its squared error is the sum's variance, 2 / 12 = 1 / 6.
With memory it is 0.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.base.memory import check_memory
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.adding.params import AddingParams

SQUARED_ERROR_WITHOUT_MEMORY = 1 / 6
TOLERANCE = 0.04
"""Answers nearer than this are right, as in the paper."""
RIGHT_WITHOUT_MEMORY = 1 - (1 - TOLERANCE) ** 2
"""The probability that the sum of two values is nearer to 1 than this."""
SPLITS = ("train", "validation", "test")
BYTES_PER_STEP = 8
"""Of a value and a mark."""


def read(params: AddingParams) -> Examples:
    """Sequences of the three splits, each from a generator of its own."""
    check_memory(
        BYTES_PER_STEP * (params.budget_tokens + params.test_sequences), "budget_tokens and test_sequences of the task"
    )
    train, validation, test = (np.random.default_rng(i) for i in range(3))
    asked = np.repeat([*params.lengths, *params.unseen_lengths], params.test_sequences).tolist()
    drawn = (
        split(train_lengths(params.lengths, params.budget_tokens, train), train),
        split(asked, validation),
        split(asked, test),
    )
    return Examples(dict(zip(SPLITS, drawn, strict=True)))


def train_lengths(lengths: Sequence[int], budget: int, rng: np.random.Generator) -> list[int]:
    """Lengths, any as likely as the others, of `budget` steps or a few more in sum."""
    drawn, steps = [], 0
    while steps < budget:
        drawn.append(int(rng.choice(lengths)))
        steps += drawn[-1]
    return drawn


def split(lengths: Sequence[int], rng: np.random.Generator) -> Split:
    """A sequence of each length: values and marks (T, 2), and their sum."""
    inputs = list(_sequences(lengths, rng))
    sums = [np.float32(steps.prod(1).sum()) for steps in inputs]
    return Split(inputs, [np.asarray(total) for total in sums], {"distance": lengths})


def _sequences(lengths: Sequence[int], rng: np.random.Generator) -> Iterator[np.ndarray]:
    for length in lengths:
        steps = np.stack([rng.random(length), np.zeros(length)], axis=1).astype(np.float32)
        steps[[rng.integers(0, length // 2), rng.integers(length // 2, length - 1)], 1] = 1.0
        yield steps
