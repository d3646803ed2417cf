"""A clip: its samples, what is said in them, and who says it; and the steps that a network reads of it."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError
from pipeline.tasks.speech.data.features import log_mel, num_steps, steps_of
from pipeline.tasks.speech.data.waves import ENDINGS, Sound, sound_of
from pipeline.tasks.speech.params import SpeechParams

Samples = Float[np.ndarray, " N"]

SHORTEST_SECONDS = 0.1
"""Enough for eight frames, the most that a step may have."""
HIGHEST_RATE = 192_000
SILENT = 1e-3
"""60 dB below full scale: what never gets louder is no speech."""
FULL_SCALE, CLIPPED_SHARE = 0.999, 0.001
"""A sample is at full scale from here; a clip is clipped where so many of its samples are."""


@dataclass(frozen=True)
class Clip:
    """Something that was said."""

    samples: Samples
    """From -1 to 1, as many a second as the params say."""
    text: str
    speaker: str | None
    name: str
    """Of its file, or what it was made from."""
    snr_db: float | None = None
    """None: no noise was added."""
    formants: float = 1.0
    """What its frequencies are multiplied by before they are put into bands."""


def read_clip(path: Path, where: str) -> Sound:
    """The sound of a file.

    Raises:
        CorpusError: where it cannot be read, or is not what a network can be asked about.
    """
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        rule = f"each line names a file of sound, {', '.join(ENDINGS)}"
        raise CorpusError(where, rule, repr(str(path)), "correct the line")
    return checked_sound(path.read_bytes(), path.suffix.lower(), str(path))


def checked_sound(content: bytes, ending: str, where: str) -> Sound:
    """The sound of a file that is long and loud enough to have speech in it.

    Raises:
        PipelineError: where it is damaged, shorter, or silent, or has an odd rate.
    """
    samples, rate = sound_of(content, ending, where)
    if not 0 < rate <= HIGHEST_RATE:
        raise CorpusError(where, f"at most {HIGHEST_RATE} samples a second", rate, "save it with fewer")
    if len(samples) < SHORTEST_SECONDS * rate:
        rule, got = f"{SHORTEST_SECONDS} seconds of sound or more", f"{len(samples) / rate:.3f}"
        raise CorpusError(where, rule, got, "take it out, or record it again")
    if np.abs(samples).max() < SILENT:
        got = f"none above {SILENT:g} of full scale"
        raise CorpusError(where, "a sample that can be heard", got, "take it out, or record it again")
    return samples, rate


def frames_of(samples: Samples, rate: int, params: SpeechParams, where: str = "the clip") -> Float[np.ndarray, "T D"]:
    """The steps of a sound: brought to the task's rate, in bands, normal within the clip, stacked.

    Raises:
        CorpusError: where its rate is below the task's.
    """
    return clip_steps(brought_to(params.rate, samples, rate, where), params)


def clip_steps(samples: Samples, params: SpeechParams, formants: float = 1.0) -> Float[np.ndarray, "T D"]:
    """The same of samples at the task's rate."""
    frames = log_mel(samples, params.rate, params.num_mels, formants)
    return steps_of(frames, params.stacked_frames).astype(np.float32)


def brought_to(wanted: int, samples: Samples, rate: int, where: str) -> Float[np.ndarray, " M"]:
    """The sound with `wanted` samples a second.

    Raises:
        CorpusError: where it has fewer: what is above half its rate is not in it.
    """
    if rate < wanted:
        what_to_do = f"set tasks.speech.rate to {rate}, or take it out"
        raise CorpusError(where, f"{wanted} samples a second or more, as tasks.speech.rate says", rate, what_to_do)
    return resampled(samples, rate, wanted)


def resampled(samples: Samples, rate: int, wanted: int) -> Float[np.ndarray, " M"]:
    """`wanted` samples for every `rate`, filtered so that no frequency takes another's place."""
    if rate == wanted:
        return samples
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    return resample_poly(samples, wanted // common, rate // common)


def is_long_enough(clip: Clip, params: SpeechParams) -> bool:
    """Whether it has a step for each character of its text, and one before, between and behind them."""
    return num_steps(len(clip.samples), params.rate, params.stacked_frames) > 2 * len(clip.text)


def is_clipped(samples: Samples) -> bool:
    """Whether it was louder than its file could hold.

    >>> is_clipped(np.array([0.1, -0.5])), is_clipped(np.array([0.1, 1.0]))
    (False, True)
    """
    return bool((np.abs(samples) >= FULL_SCALE).mean() > CLIPPED_SHARE)
