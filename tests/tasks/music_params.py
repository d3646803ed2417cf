"""What tests of music share: its entry of params.yaml, piano rolls, and files of MIDI."""

import mido

from pipeline.base.params import check
from pipeline.tasks.music.params import PARAMS

ENTRY = {
    "path": None, "format": "tunes", "split": {"method": "hash", "validation": 0.2, "test": 0.2, "seed": 1},
    "steps_per_beat": 4, "transposed": 0, "min_count": 1, "max_steps": None, "samples": 1, "temperature": 1.0,
    "epochs": 1, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0.0, "dropout": 0.0,
    "num_validations": 1, "log_every_steps": 1,
}  # fmt: skip
GIVEN = {"method": "given"}
ROLLS = {"train": [[[60, 64], [60, 64], []], [[62]]], "valid": [[[60], [64, 60, 60]]], "test": [[[60, 64], [62]]]}


def params(**changes):
    return check(PARAMS, ENTRY | changes, "params.yaml: tasks.music")


def midi(path, notes, *meta, ticks=96):
    """A file of notes (start, stop, pitch), in ticks."""
    events = [(stop, 0, pitch) for _, stop, pitch in notes] + [(start, 64, pitch) for start, _, pitch in notes]
    track, now = mido.MidiTrack(meta), 0
    for at, velocity, pitch in sorted(events):
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=at - now))
        now = at
    mido.MidiFile(ticks_per_beat=ticks, tracks=[track]).save(path)
    return path
