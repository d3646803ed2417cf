"""A small training on random ids, for the tests of fit."""

import numpy as np
from sizes import V

from pipeline.stage.resume import ResumePlace
from pipeline.training.fit import fit
from pipeline.training.language_modelling import LanguageModelling
from pipeline.training.split import Split

STREAM, UNITS = {"segment_tokens": 40}, {"segment_tokens": None}
SETTINGS = {
    "learning_rate": 0.02,
    "weight_decay": 0.1,
    "max_grad_norm": 0.5,
    "num_validations": 2,
    "log_every_steps": 4,
    "accelerator": "cpu",
    "precision": "float32",
    "seed": 1,
    "live": lambda rows: None,
}


def split(seed: int, size: int = 400) -> Split:
    ids = np.random.default_rng(seed).integers(0, V, size=size).astype(np.uint8)
    ids[-1] = 0
    return Split(ids, characters=2 * size, spelling_nats=0.0)


def objective(train: Split | None = None, **changes) -> LanguageModelling:
    settings = {**STREAM, "batch_size": 3, "bptt_steps": 5, "budget_tokens": 300, "seed": 1} | changes
    return LanguageModelling(split(1) if train is None else train, split(2), V, **settings)


def train(network, data: LanguageModelling | None = None, **changes):
    return fit(network, objective() if data is None else data, **(SETTINGS | changes))


def place(folder) -> ResumePlace:
    """Where a training of these tests goes on; a state is saved after every step."""
    return ResumePlace(folder, "key", every_seconds=0.0)
