"""Clips whose steps are noisy pictures of characters, for tests that need no sound."""

from typing import Any

import numpy as np

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.speech.params import SpeechParams

CLASSES = ["", " ", "e", "n", "o", "t", "w"]
WORDS = ["one", "two", "ten", "too"]
NUM_MELS, STACKED = 8, 2


def params(**changes: Any) -> SpeechParams:
    """Small, of the generated set."""
    learning = {"epochs": 2, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0.0, "dropout": 0.0}
    learning |= {"num_validations": 2, "log_every_steps": 5}
    source = {"path": None, "names": None, "spoken": None, "joined": None, "perturbed": None, "noise_db": [None, 10]}
    source["clips"] = {"train": 6, "validation": 3, "test": 5}
    source["split"] = {"method": "speaker", "validation": ["b"], "test": ["c"], "seed": 1}
    features = {"rate": 8000, "num_mels": NUM_MELS, "stacked_frames": STACKED}
    search = {"beam_size": 4, "language_model_order": 3, "language_model_weight": 0.5}
    return SpeechParams.model_validate({**learning, **source, **features, **search, **changes})


def split(seed: int, number: int, speaker: str) -> Split:
    """Clips of one to three words; every character is held for a step or two, with a blank step behind it."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, size=rng.integers(1, 4))) for _ in range(number)]
    targets = [np.array([CLASSES.index(character) for character in text]) for text in texts]
    inputs = [
        np.concatenate(
            [np.tile(picture(label, rng), (int(rng.integers(1, 3)), 1)) for label in np.c_[of, 0 * of].ravel()]
        )
        for of in targets
    ]
    notes = {
        "text": texts,
        "speaker": [speaker] * number,
        "clip": [f"{speaker}-{i}" for i in range(number)],
        "snr_db": [None if i % 2 else 10.0 for i in range(number)],
        "sound": [b"RIFF" if i < 2 else None for i in range(number)],
        "seconds": [0.02 * len(steps) for steps in inputs],
    }
    return Split(inputs, targets, notes)


def picture(label: int, rng: np.random.Generator) -> np.ndarray:
    """A step that shows a character, or the blank."""
    return (np.eye(NUM_MELS * STACKED)[label] + 0.05 * rng.normal(size=NUM_MELS * STACKED)).astype(np.float32)


def examples() -> Examples:
    """Three voices, one a split."""
    splits = {"train": split(1, 6, "a"), "validation": split(2, 3, "b"), "test": split(3, 5, "c")}
    return Examples(splits, CLASSES)


def heard(text: str, confidence: float = 0.9) -> np.ndarray:
    """ln p of a network that hears each character in a step, with a blank behind it."""
    labels = [label for character in text for label in (CLASSES.index(character), 0)]
    rest = (1 - confidence) / (len(CLASSES) - 1)
    return np.log(np.where(np.eye(len(CLASSES))[labels] > 0, confidence, rest))
