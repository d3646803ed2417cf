"""The voices of py-nanotts: SVOX Pico, which speaks six languages.

Two voices are English. The other four speak English with an accent: each language has sounds of its own, and what it
does not have is replaced by what its speakers would say (`tu` for `two` in all, `sri` for `three` in German and French,
no `h` in French and Italian).

Pico reads memory that it has not written, so that its samples depend on what the process did before. They are equal
from call to call where that memory is zero.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import PipelineError

RATE = 16_000
VOLUME = 0.5
"""Of what Pico speaks with, at which loud vowels are beyond full scale."""
SILENCE = 0.01
"""Of the loudest sample: some voices are silent for half a second behind what they say, and others are not."""
M_PERTURB, ZEROS, NOTHING = -6, 0xFF, 0
"""glibc's setting of what fills the memory that it hands out: the complement of a byte."""

ENGLISH = ("en-GB", "en-US")
SOUNDS = {
    word: sounds.split()
    for word, sounds in {
        "zero": "z i r o", "one": "w a n", "two": "t u", "three": "T r i", "four": "f O r", "five": "f aI v",
        "six": "s i k s", "seven": "s E v @ n", "eight": "eI t", "nine": "n aI n", "ten": "t E n",
        "eleven": "i l E v @ n", "twelve": "t w E l v", "thirteen": "T 3 t i n", "fourteen": "f O t i n",
        "fifteen": "f i f t i n", "sixteen": "s i k s t i n", "seventeen": "s E v @ n t i n", "eighteen": "eI t i n",
        "nineteen": "n aI n t i n", "twenty": "t w E n t i", "thirty": "T 3 t i", "forty": "f O t i",
        "fifty": "f i f t i", "sixty": "s i k s t i", "seventy": "s E v @ n t i", "eighty": "eI t i",
        "ninety": "n aI n t i", "half": "h a f", "past": "p a s t", "quarter": "k w O t @", "to": "t u",
        "o'clock": "o k l O k", "turn": "t 3 n", "on": "O n", "off": "O f", "lamp": "l { m p",
        "radio": "r eI d i o", "fan": "f { n", "open": "o p @ n", "close": "k l o z", "door": "d O r",
        "window": "w i n d o",
    }.items()
}  # fmt: skip
"""X-SAMPA of the words of sentences.py, as broad as learners of English hear them."""
ACCENTS = {
    "de-DE": {"T": "s", "w": "v", "r": "R", "{": "E", "3": "9", "i": "i:", "u": "u:", "o": "o:", "eI": "e:"},
    "es-ES": {"v": "b", "z": "s", "h": "x", "w": "u", "E": "e", "{": "a", "3": "e", "@": "e", "O": "o"}
    | {"aI": "ai", "eI": "ei"},
    "fr-FR": {"T": "s", "r": "R", "{": "a", "3": "9", "h": "", "aI": "aj", "eI": "Ej"},
    "it-IT": {"T": "t", "w": "u", "h": "", "{": "a", "3": "E", "@": "e", "O": "o", "aI": "ai", "eI": "ei"},
}
"""By what each language replaces sounds that it does not have."""
VOICES = (*ENGLISH, *ACCENTS)


def spoken(text: str, voice: str, speed: float, pitch: float) -> Float[np.ndarray, " N"]:
    """Samples from -1 to 1, 16,000 a second, without silence at the ends; the arguments alone decide them.

    Raises:
        PipelineError: where py-nanotts is not installed.
    """
    with _zero_memory():
        pcm = _speaker().speak(written(text, voice), voice=voice, speed=speed, pitch=pitch, volume=VOLUME)
    samples = np.frombuffer(pcm, "<i2") / 2**15
    heard = np.flatnonzero(np.abs(samples) > SILENCE * np.abs(samples).max())
    return samples[heard[0] : heard[-1] + 1]


def written(text: str, voice: str) -> str:
    """What Pico is given: the text for an English voice, its sounds for another.

    >>> written("half past three", "fr-FR")
    "<phoneme alphabet='xsampa' ph='af past sRi'/>"
    """
    if voice in ENGLISH:
        return text
    accent = ACCENTS[voice]
    words = ["".join(accent.get(sound, sound) for sound in SOUNDS[word]) for word in text.split()]
    return f"<phoneme alphabet='xsampa' ph='{' '.join(words)}'/>"


@cache
def _speaker():
    try:
        from py_nanotts import NanoTTS
    except ImportError:
        rule = "null needs the package py-nanotts, whose wheels are for Linux and Windows"
        what_to_do = "install it with `pip install py-nanotts==0.1.1`, or set path to your own clips"
        raise PipelineError("params.yaml: tasks.speech.path", rule, "none", what_to_do) from None
    return NanoTTS()


@contextmanager
def _zero_memory() -> Iterator[None]:
    """Where large memory that is asked for is zero. Allocators other than glibc's take it from the system each time,
    which hands out zeros."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        yield
        return
    mallopt(M_PERTURB, ZEROS)
    try:
        yield
    finally:
        mallopt(M_PERTURB, NOTHING)
