"""Notes as sound: a plucked string of a few harmonics, as a WAV file."""

import io
import math
import wave
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from pipeline.tasks.music.data.played import PlayedNote, length_of

RATE = 8000
"""Samples a second: enough for the third harmonic of a fiddle's highest notes, and a page stays small."""
HARMONICS = 6
DECAY = 2.5
"""Of the first harmonic, 1 / s; the n-th decays n times as fast, as that of a string does."""
ATTACK, RELEASE = 0.005, 0.03
"""Seconds; without them a note clicks, and one struck twice would sound as one."""
PEAK = 0.8


def write_wav(notes: Sequence[PlayedNote], tempo: int) -> bytes:
    """Mono, 16 bit; equal notes give equal bytes.

    Args:
        tempo: quarter notes a minute.
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(_integers(samples_of(notes, tempo)).astype("<i2").tobytes())
    return file.getvalue()


def samples_of(notes: Sequence[PlayedNote], tempo: int) -> Float[np.ndarray, " N"]:
    """The sum of all notes; its length is that of the notes."""
    a_beat = 60 * RATE / tempo
    sound = np.zeros(round(length_of(notes) * a_beat))
    for note in notes:
        start, stop = round(note.start * a_beat), round(note.stop * a_beat)
        sound[start:stop] += tone(note.pitch, stop - start)
    return sound


def tone(pitch: int, length: int) -> Float[np.ndarray, " N"]:
    """A note of so many samples.

    >>> sound = np.abs(tone(69, 4000))
    >>> bool(sound[:400].max() > 2 * sound[-800:].max()), round(float(sound[-1]), 2)
    (True, 0.0)
    """
    t, hertz = np.arange(length) / RATE, 440 * 2 ** ((pitch - 69) / 12)
    heard = range(1, min(HARMONICS, max(1, math.ceil(RATE / 2 / hertz) - 1)) + 1)  # higher ones would fold back
    string = sum(np.exp(-DECAY * n * t) * np.sin(2 * np.pi * n * hertz * t) / n for n in heard)
    return string * np.minimum(1, np.minimum(t / ATTACK, (length / RATE - t) / RELEASE))


def _integers(sound: Float[np.ndarray, " N"]) -> Int[np.ndarray, " N"]:
    """As loud as 16 bits allow, but for some room."""
    loudest = np.abs(sound).max(initial=0)
    return np.round(sound * (PEAK * 32767 / loudest if loudest else 0)).astype(np.int64)
