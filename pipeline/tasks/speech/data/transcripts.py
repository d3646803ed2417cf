"""From what a network heard to a transcript, with an n-gram of the training transcripts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from pipeline.sampling.ctc import BLANK, NO_LABEL, LogP, aligned, best_path, log_probability
from pipeline.sampling.prefix_beam import NextLabel, beam_search, with_ngram
from pipeline.tasks.speech.data.features import HOP_SECONDS
from pipeline.tasks.speech.params import SpeechParams
from pipeline.text.ngram import KneserNey

Heard = Sequence[Float[np.ndarray, "_ _"]]
"""Of each clip ln p of blank and characters at each of its steps (T, C)."""


@dataclass(frozen=True)
class Transcript:
    """What a clip is said to say."""

    text: str
    """Found by beam search with the language model."""
    greedy: str
    """Of the most probable path, without it."""
    log_probability: float
    """ln p(text | clip) of the network alone."""
    labels: Sequence[int]
    """Of the text."""


@dataclass(frozen=True)
class Transcriber:
    """Reads transcripts off the probabilities of the characters at each step."""

    classes: Sequence[str]
    beam_size: int
    next_label: NextLabel

    @classmethod
    def of(cls, params: SpeechParams, classes: Sequence[str], text: Int[np.ndarray, " N"]) -> "Transcriber":
        """With the language model of a text, as `text_of` makes it."""
        ngram = KneserNey.fit(text, len(classes), params.language_model_order, "units")
        return cls(classes, params.beam_size, with_ngram(ngram, params.language_model_weight))

    def __call__(self, log_p: LogP) -> Transcript:
        """The transcript of a clip."""
        labels = beam_search(log_p, self.beam_size, self.next_label)[0].labels
        return Transcript(
            self._spelled(labels), self._spelled(best_path(log_p)), log_probability(log_p, labels), labels
        )

    def _spelled(self, labels: Iterable[int]) -> str:
        return "".join(self.classes[label] for label in labels)


def text_of(targets: Sequence[Int[np.ndarray, " _"]]) -> Int[np.ndarray, " N"]:
    """Transcripts one after another, each closed by the blank, which a language model takes for the end.

    >>> text_of([np.array([3, 1]), np.array([2])]).tolist()
    [3, 1, 0, 2, 0]
    """
    return np.concatenate([np.append(target, BLANK) for target in targets])


def timed_words(places: Int[np.ndarray, " T"], text: str, step_seconds: float) -> list[dict[str, Any]]:
    """The words of a transcript, each from the first step of its first character to the end of the last of its last.

    Args:
        places: the character of each step, as `aligned` has it.

    >>> timed_words(np.array([-1, 0, -1, 1, 2, -1, 3]), "on a", 0.5)
    [{'word': 'on', 'start': 0.5, 'end': 2.0}, {'word': 'a', 'start': 3.0, 'end': 3.5}]
    """
    found, start = [], 0
    for word in text.split(" "):
        stop = start + len(word)
        steps = np.flatnonzero((places >= start) & (places < stop))
        if word:
            times = (round(float(edge * step_seconds), 3) for edge in (steps[0], steps[-1] + 1))
            found.append({"word": word, **dict(zip(("start", "end"), times, strict=True))})
        start = stop + 1
    return found


def alignment(log_p: LogP, transcript: Transcript) -> Int[np.ndarray, " T"]:
    """The place in the transcript's text that each step has; NO_LABEL at a blank."""
    return aligned(log_p, transcript.labels) if transcript.labels else np.full(len(log_p), NO_LABEL)


def step_seconds(params: SpeechParams) -> float:
    """From one step to the next."""
    return params.stacked_frames * HOP_SECONDS
