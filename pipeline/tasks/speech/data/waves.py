"""Files of sound: WAV by the standard library, FLAC and OGG by soundfile, where it is installed."""

import io
import wave

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError, PipelineError

WAV, OTHERS = (".wav",), (".flac", ".ogg")
ENDINGS = (*WAV, *OTHERS)
Sound = tuple[Float[np.ndarray, " N"], int]
"""Samples from -1 to 1, and how many there are in a second."""


def sound_of(content: bytes, ending: str, where: str) -> Sound:
    """The samples of a file, its channels averaged.

    Args:
        ending: one of ENDINGS.

    Raises:
        PipelineError: where the file is damaged, or nothing here reads it.
    """
    samples, rate = _wav(content, where) if ending in WAV else _other(content, ending, where)
    return samples.mean(1), rate


def _wav(content: bytes, where: str) -> tuple[Float[np.ndarray, "N C"], int]:
    try:
        with wave.open(io.BytesIO(content)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            promised, stored = file.getnframes() * width * channels, file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        what_to_do = "save it as WAV with 8, 16, 24 or 32 bit integers, or take it out"
        raise CorpusError(where, "a WAV file of PCM", str(error) or "an end too early", what_to_do) from None
    if len(stored) < promised:
        got = f"{len(stored)} of {promised} bytes"
        raise CorpusError(where, "as many samples as its header says", got, "fetch the file again, or take it out")
    return _scaled(stored, width).reshape(-1, channels), rate


def _scaled(stored: bytes, width: int) -> Float[np.ndarray, " N"]:
    """Integers of `width` bytes as numbers from -1 to 1: one byte counts from 0 to 255, more have a sign.

    >>> _scaled(bytes([0, 128, 192]), 1).tolist(), _scaled(bytes([0, 0, 64]), 3).tolist()
    ([-1.0, 0.0, 0.5], [0.5])
    """
    if width == 1:
        return np.frombuffer(stored, np.uint8) / 128 - 1
    rows = np.frombuffer(stored, np.uint8).reshape(-1, width)
    filled = np.concatenate([np.zeros((len(rows), 4 - width), np.uint8), rows], 1)  # to four bytes, the last with sign
    return filled.reshape(-1).view("<i4") / 2**31


def _other(content: bytes, ending: str, where: str) -> tuple[Float[np.ndarray, "N C"], int]:
    try:
        import soundfile
    except ImportError:
        rule, what_to_do = f"{ending} is read by soundfile", "run `pip install soundfile`, or save it as WAV"
        raise PipelineError(where, rule, "not installed", what_to_do) from None
    try:
        return soundfile.read(io.BytesIO(content), always_2d=True)
    except soundfile.LibsndfileError as error:
        raise CorpusError(where, f"a file of {ending}", error.error_string, "fetch it again, or take it out") from None


def wav_bytes(samples: Float[np.ndarray, " N"], rate: int) -> bytes:
    """A WAV file of 16 bits, for ears; what is beyond full scale is cut.

    >>> samples, rate = sound_of(wav_bytes(np.array([0.0, 0.5, -2.0]), 8000), ".wav", "")
    >>> samples.tolist(), rate
    ([0.0, 0.5, -1.0], 8000)
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes((samples * 2**15).round().clip(-(2**15), 2**15 - 1).astype("<i2").tobytes())
    return file.getvalue()
