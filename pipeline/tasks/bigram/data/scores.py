"""Scores of guesses at the next character."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from pipeline.base.metrics import NATS_PER_BIT
from pipeline.examples.measures import Measure, bootstrap
from pipeline.examples.sets import Split

BEGIN = "<begin>"
"""The name of what a paragraph's first character follows."""


def measured(split: Split, bits: Sequence[float], right: Sequence[bool]) -> dict[str, Measure]:
    """Bits a character, EOS counted, and accuracy; intervals are over paragraphs, whose characters are not independent.

    Args:
        bits: what each example costs.
        right: whether its most likely character comes.
    """
    paragraph, ones = np.array(split.notes["paragraph"]), np.ones(len(split))
    sums = list(np.stack([np.bincount(paragraph, values) for values in (bits, right, ones)], axis=1))
    return {
        "bits": bootstrap(sums, lambda total: float(total[0] / total[2])),
        "accuracy": bootstrap(sums, lambda total: float(total[1] / total[2])),
    }


def looked_up(
    table: Float[np.ndarray, "inputs V"], split: Split
) -> tuple[Float[np.ndarray, " N"], Int[np.ndarray, " N"]]:
    """Bits of each example and its most likely character, from p(next | this) of every input."""
    inputs, targets = np.concatenate(split.inputs), np.array(split.targets)
    return -np.log(table[inputs, targets]) / NATS_PER_BIT, table.argmax(1)[inputs]
