"""The task's entry of params.yaml, small, with changes."""

from typing import Any

from pipeline.tasks.dna.params import PARAMS, DnaParams


def dna_params(**changes: Any) -> DnaParams:
    """The entry with these changes."""
    entry = {
        "epochs": 1,
        "batch_size": 4,
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "num_validations": 1,
        "log_every_steps": 1,
        "path": None,
        "format": "genes",
        "sequences": 8,
        "split": {"method": "region", "order": ["train", "validation", "test"], "validation": 0.2, "test": 0.2},
        "kmer": 1,
        "period": None,
        "window": 16,
        "context": 3,
        "reverse_complement": False,
    }
    return PARAMS.model_validate({**entry, **changes})
