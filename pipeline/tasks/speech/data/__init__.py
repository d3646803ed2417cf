"""The task's examples: clips and their transcripts, spoken by py-nanotts or recorded."""

from collections.abc import Sequence

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.source import Source
from pipeline.tasks.speech.data.baselines import baselines
from pipeline.tasks.speech.data.clips import Clip, clip_steps, is_clipped
from pipeline.tasks.speech.data.dealing import dealt
from pipeline.tasks.speech.data.figures import spectrograms
from pipeline.tasks.speech.data.files import recordings
from pipeline.tasks.speech.data.making import Clips, as_recorded, generated, joined_strings, with_noise
from pipeline.tasks.speech.data.waves import wav_bytes
from pipeline.tasks.speech.params import SpeechParams

BLANK = ""
KEPT_SOUNDS = 4
"""Test clips whose sound is kept, so that the report can play them."""


def read(params: SpeechParams) -> Examples:
    """The clips, and what the training split says: the characters.

    Raises:
        PipelineError: where a file or a setting is wrong.
    """
    clips, counts = _clips(params)
    clips = with_noise(clips, params)
    classes = [BLANK, *sorted({character for clip in clips["train"] for character in clip.text})]
    for clip in (clip for of_split in clips.values() for clip in of_split):
        if unknown := sorted(set(clip.text) - set(classes)):
            rule, what_to_do = (
                "characters that training transcripts have",
                "correct it, or add a clip to train that has",
            )
            raise CorpusError(clip.name, rule, "".join(unknown), what_to_do)
    splits = {name: _split(of_split, classes, name, params) for name, of_split in clips.items()}
    return Examples(splits, classes, counts=counts)


def _clips(params: SpeechParams) -> tuple[Clips, dict[str, int]]:
    """Of each split, before noise; and what was counted while reading."""
    if params.path is None:
        return generated(params), {}
    found = recordings(params)
    counts = {"recordings": len(found), "clipped": sum(is_clipped(clip.samples) for clip in found)}
    by_split = dealt(found, params.split)
    if params.joined is None:
        return as_recorded(by_split, params), counts
    return joined_strings(by_split, params.joined, params), counts


def _split(clips: Sequence[Clip], classes: Sequence[str], name: str, params: SpeechParams) -> Split:
    ids = {character: i for i, character in enumerate(classes)}
    kept = KEPT_SOUNDS if name == "test" else 0
    notes = {
        "text": [clip.text for clip in clips],
        "speaker": [clip.speaker for clip in clips],
        "clip": [clip.name for clip in clips],
        "snr_db": [clip.snr_db for clip in clips],
        "seconds": [len(clip.samples) / params.rate for clip in clips],
        "sound": [wav_bytes(clip.samples, params.rate) if i < kept else None for i, clip in enumerate(clips)],
    }
    inputs = [clip_steps(clip.samples, params, clip.formants) for clip in clips]
    return Split(inputs, [np.array([ids[character] for character in clip.text]) for clip in clips], notes)


SOURCE = Source(read, baselines, spectrograms)
