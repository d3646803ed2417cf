"""Adding: two values of a long sequence are marked, and their sum is asked at its end.

Hochreiter & Schmidhuber 1997, experiment 4. At each step a network reads a value, uniform in [0, 1], and a mark, 1 at
two steps and 0 at the others: one step of the first half and one of the second, never the last. The best
answer without memory is 1, the mean of the sum; its squared error is the sum's variance, 2 / 12 = 1 / 6.
With memory it is 0.
"""

from collections.abc import Iterator, Sequence
from random import Random

import torch
from torch import Tensor

from pipeline.memory.evaluation import Answer
from pipeline.networks.regressor import Regressor

Examples = tuple[Tensor, Tensor]
"""Sequences (B, T, 2), and the sum asked of each (B)."""
CHANNELS = 2
SQUARED_ERROR_WITHOUT_MEMORY = 1 / 6
TOLERANCE = 0.04
"""Answers nearer than this are right, as in the paper."""
SEQUENCES_AT_A_TIME = 128


def sequences(number: int, length: int, generator: torch.Generator) -> Examples:
    """`number` sequences of T = `length` steps, each a value and a mark, and their sums."""
    values, marks = torch.rand(number, length, generator=generator), torch.zeros(number, length)
    for first, stop in ((0, length // 2), (length // 2, length - 1)):
        marks.scatter_(1, torch.randint(first, stop, (number, 1), generator=generator), 1.0)
    return torch.stack([values, marks], dim=2), (values * marks).sum(1)


def batches(lengths: Sequence[int], batch_size: int, budget: int, seed: int) -> Iterator[Examples]:
    """Fresh batches of one length each, any as likely as the others, until `budget` steps of sequences are seen."""
    random, generator = Random(f"adding {seed}"), torch.Generator().manual_seed(seed)
    seen = 0
    while seen < budget:
        length = random.choice(lengths)
        seen += length * batch_size
        yield sequences(batch_size, length, generator)


@torch.inference_mode()
def sums_answered(network: Regressor, lengths: Sequence[int], number: int, generator: torch.Generator) -> list[Answer]:
    """The network's answers to `number` sequences of each length; their cost is the squared error."""
    network.eval()
    given = []
    for length in lengths:
        inputs, sums = sequences(number, length, generator)
        errors = torch.cat([network(part) for part in inputs.split(SEQUENCES_AT_A_TIME)]) - sums
        given += [Answer(length, abs(error) < TOLERANCE, error**2) for error in errors.tolist()]
    return given
