"""The set that needs no file: sequences of the gene model, whose best possible score is known."""

import numpy as np

from pipeline.tasks.dna.data.hmm import gene_model
from pipeline.tasks.dna.data.pieces import Stretch
from pipeline.tokens.batches import SPLITS

LENGTHS = (300, 500)
"""Bases of a sequence, evenly from the one to the other."""
SHARE = 0.1
"""Sequences of the validation and of the test part, of those of the training part; at least MIN_SEQUENCES each."""
MIN_SEQUENCES = 20


def generated_parts(sequences: int) -> dict[str, list[Stretch]]:
    """Sequences of each part; the part and its size decide them.

    Args:
        sequences: of the training part.
    """
    held_out = max(MIN_SEQUENCES, round(SHARE * sequences))
    sizes = {"train": sequences, "validation": held_out, "test": held_out}
    return {name: _stretches(name, sizes[name]) for name in SPLITS}


def _stretches(part: str, number: int) -> list[Stretch]:
    rng = np.random.default_rng([SPLITS.index(part), 0])
    lengths = rng.integers(*LENGTHS, size=number, endpoint=True).tolist()
    drawn = gene_model().sample(lengths, rng)
    return [Stretch(f"{part}{i}", 0, ids, labels) for i, (ids, labels) in enumerate(drawn, 1)]
