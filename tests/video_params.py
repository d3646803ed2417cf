"""Params of the task video for tests."""

from typing import Any

from pipeline.tasks.video.params import PARAMS, VideoParams


def video_params(**changes: Any) -> VideoParams:
    """Moving digits, few of them, unless changed."""
    values: dict[str, Any] = {
        "path": None,
        "labels": "clip",
        "clips": 60,
        "image": {"height": 12, "width": 13, "features": None},
        "columns": None,
        "rename": {},
        "person": None,
        "split": {"method": "hash", "validation": 0.01, "test": 0.02, "seed": 1},
        "normalise": False,
        "changes": None,
        "window": None,
        "epochs": 1,
        "batch_size": 8,
        "learning_rate": 0.01,
        "weight_decay": 0.0,
        "dropout": 0.0,
        "num_validations": 1,
        "log_every_steps": 5,
    }
    return PARAMS.model_validate(values | changes)
