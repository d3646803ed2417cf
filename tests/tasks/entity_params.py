"""Params of task `entities` for small sets."""

from pathlib import Path
from typing import Any

from pipeline.tasks.entities.params import EntitiesParams

SMALL: dict[str, Any] = {
    "path": None,
    "split": {"method": "hash", "validation": 0.2, "test": 0.2, "seed": 1},
    "max_words": 100,
    "min_count": 1,
    "lower_case": True,
    "zero_digits": False,
    "vectors": None,
    "character_size": None,
    "crf": False,
    "epochs": 2,
    "batch_size": 2,
    "learning_rate": 0.01,
    "weight_decay": 0.0,
    "dropout": 0.0,
    "num_validations": 1,
    "log_every_steps": 1,
}


GIVEN = {"method": "given"}


def small(**changes: Any) -> EntitiesParams:
    """The params of a small set, with these changes."""
    return EntitiesParams.model_validate(SMALL | changes)


def write(folder: Path, **files: str) -> Path:
    """A folder of CoNLL files, `word/tag` pairs; a line a sentence."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        sentences = [line.replace("/", "\t").replace(" ", "\n") for line in text.strip().split("\n")]
        (folder / f"{name}.conll").write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    return folder
