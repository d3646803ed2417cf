"""Piano rolls of chords in splits: JSON, as JSB-Chorales-dataset has it, and MATLAB's .mat, as TCN's experiments do.

JSON: `{"train": [[[60, 64], [60, 65]], ...], "valid": [...], "test": [...]}`, of each piece the frames, of each frame
the MIDI numbers. .mat: `traindata`, `validdata`, `testdata`, of each piece a matrix of a row a frame and 88 columns
from the A of MIDI number 21 up.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.tunes import LOWEST, NUM_KEYS, Chords, Frame

NAMES: Mapping[str, str] = {"train": "train", "valid": "validation", "test": "test"}
"""Of splits: there and here."""


def chords_of_rolls(file: Path) -> dict[str, list[Chords]]:
    """The pieces of each split.

    Raises:
        CorpusError: where the file is something else.
    """
    found = _json(file) if file.suffix.lower() == ".json" else _mat(file)
    return {name: [_chords(file, there, i, of) for i, of in enumerate(found[there])] for there, name in NAMES.items()}


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _wrong(file, str(error)) from None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), list) for name in NAMES):
        raise _wrong(file, list(found) if isinstance(found, dict) else type(found).__name__)
    return found


def _mat(file: Path) -> Mapping[str, Any]:
    from scipy.io import loadmat

    try:
        found = loadmat(str(file))
    except Exception as error:  # loadmat has many for what is no .mat
        raise _wrong(file, f"{type(error).__name__} {error}") from None
    if not all(f"{name}data" in found for name in NAMES):
        raise _wrong(file, sorted(name for name in found if not name.startswith("_")))
    return {name: [_notes_of_roll(roll) for roll in found[f"{name}data"].ravel()] for name in NAMES}


def _notes_of_roll(roll: np.ndarray) -> list[list[int]] | None:
    """The MIDI numbers of each row; None of what is no roll."""
    if not isinstance(roll, np.ndarray) or roll.ndim != 2 or roll.shape[1] != NUM_KEYS:
        return None
    return [(np.flatnonzero(row) + LOWEST).tolist() for row in roll]


def _chords(file: Path, split: str, number: int, frames: Any) -> Chords:
    where = f"{file}: {split}, piece {number + 1}"
    if not isinstance(frames, list) or not frames:
        raise CorpusError(where, "a piece is frames of notes", repr(frames)[:40], "correct it, or take it out")
    return Chords(f"{split} {number + 1}", [_frame(frame, where) for frame in frames], where)


def _frame(frame: Any, where: str) -> Frame:
    if not isinstance(frame, list) or not all(type(note) is int and 0 <= note - LOWEST < NUM_KEYS for note in frame):
        rule = f"a frame is MIDI numbers of a piano's keys, {LOWEST} to {LOWEST + NUM_KEYS - 1}"
        raise CorpusError(where, rule, repr(frame)[:40], "correct it")
    return tuple(sorted(set(frame)))


def _wrong(file: Path, got: object) -> CorpusError:
    rule = "piano rolls: JSON with train, valid and test, or .mat with traindata, validdata and testdata"
    return CorpusError(str(file), rule, str(got)[:120], "correct it, or set path to another file")
