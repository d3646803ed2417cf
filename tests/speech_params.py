"""Params of speech, for tests."""

from typing import Any

from pipeline.tasks.speech.params import SpeechParams


def speech_params(**changes: Any) -> SpeechParams:
    """Of few generated clips."""
    learning = {"epochs": 1, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0.0, "dropout": 0.0}
    learning |= {"num_validations": 1, "log_every_steps": 5}
    source = {"path": None, "names": None, "spoken": None, "joined": None, "perturbed": None, "noise_db": [None]}
    source["clips"] = {"train": 8, "validation": 3, "test": 4}
    source["split"] = {"method": "speaker", "validation": 0.5, "test": ["en-GB"], "seed": 1}
    features = {"rate": 8000, "num_mels": 12, "stacked_frames": 2}
    search = {"beam_size": 4, "language_model_order": 3, "language_model_weight": 0.5}
    return SpeechParams.model_validate({**learning, **source, **features, **search, **changes})
