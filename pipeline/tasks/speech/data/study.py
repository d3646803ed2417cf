"""What is looked at beside the error rates of the test split."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.examples.edits import aligned, num_edits
from pipeline.examples.sets import Examples, Split
from pipeline.sampling.ctc import BLANK, LogP
from pipeline.tasks.speech.data.scores import measure
from pipeline.tasks.speech.data.transcripts import Heard, Transcript, alignment, step_seconds
from pipeline.tasks.speech.params import SpeechParams

WORST, CONFUSIONS, SHOWN = 8, 15, 2
"""Clips with most wrong words; pairs of words; clips of each kind that are drawn."""
CLEAN = "clean"


def tables(test: Split, found: Sequence[Transcript]) -> dict[str, list[dict[str, Any]]]:
    """Error rates by noise, by speaker, by the number of words that are said."""
    notes = test.notes
    noise = [CLEAN if snr_db is None else f"{snr_db:g}" for snr_db in notes["snr_db"]]
    words = [len(text.split()) for text in notes["text"]]
    speakers = [speaker or "" for speaker in notes["speaker"]]
    return {
        "snr_db": rows_by("snr_db", noise, test, found, lambda snr_db: -float("inf" if snr_db == CLEAN else snr_db)),
        "speaker": rows_by("speaker", speakers, test, found, str) if len(set(speakers)) > 1 else [],
        "length": rows_by("length", words, test, found, int),
    }


def rows_by(
    key: str, values: Sequence[Any], test: Split, found: Sequence[Transcript], order: Callable[[Any], Any]
) -> list[dict[str, Any]]:
    """The error rates of the clips that have each value, in an order of the values."""
    rows = []
    for value in sorted(set(values), key=order):
        at = [i for i, of in enumerate(values) if of == value]
        row: dict[str, Any] = {key: value, "n": len(at)}
        for name, rate in measure([found[i].text for i in at], [test.notes["text"][i] for i in at]).items():
            row |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}
        rows.append(row)
    return rows


def confusions(answers: Sequence[str], references: Sequence[str]) -> list[dict[str, Any]]:
    """The words that were most often taken for others, left out or added (an empty word), the most frequent first.

    >>> confusions(["too nine", "too"], ["two nine now", "two"])
    [{'wanted': 'two', 'said': 'too', 'n': 2}, {'wanted': 'now', 'said': '', 'n': 1}]
    """
    pairs = Counter(
        (wanted or "", said or "")
        for answer, reference in zip(answers, references, strict=True)
        for said, wanted in aligned(answer.split(), reference.split())
        if said != wanted
    )
    order = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"wanted": wanted, "said": said, "n": n} for (wanted, said), n in order[:CONFUSIONS]]


def worst(test: Split, found: Sequence[Transcript]) -> list[dict[str, Any]]:
    """The clips with the most wrong words, the most probable of equally wrong answers first."""
    wrong = [num_edits(t.text.split(), r.split()) for t, r in zip(found, test.notes["text"], strict=True)]
    order = sorted(range(len(found)), key=lambda i: (-wrong[i], -found[i].log_probability))
    return [{**described(test, found, i), "wrong_words": wrong[i]} for i in order[:WORST] if wrong[i]]


def shown(params: SpeechParams, examples: Examples, heard: Heard, found: Sequence[Transcript]) -> list[dict[str, Any]]:
    """Test clips, right and wrong ones, the first in the order of the hashes of their names: what is drawn of them."""
    test = examples.splits["test"]
    order = hash_order(test.notes["clip"])
    right = [found[i].text == test.notes["text"][i] for i in range(len(test))]
    picked = [i for kind in (True, False) for i in [i for i in order if right[i] == kind][:SHOWN]]
    return [
        {**described(test, found, i), "right": right[i], **drawn(params, test.inputs[i], heard[i], found[i])}
        for i in picked
    ]


def hash_order(clips: Sequence[str]) -> list[int]:
    """Places in an order that nobody chose."""
    return sorted(range(len(clips)), key=lambda i: hashlib.sha256(clips[i].encode()).digest())


def heard_clips(test: Split, found: Sequence[Transcript]) -> list[dict[str, Any]]:
    """The test clips whose sound the examples keep, and the name of its file."""
    kept = [i for i, sound in enumerate(test.notes["sound"]) if sound is not None]
    return [{**described(test, found, i), "file": f"clip-{number}.wav"} for number, i in enumerate(kept, start=1)]


def sounds(test: Split) -> dict[str, bytes]:
    """Those files."""
    kept = [sound for sound in test.notes["sound"] if sound is not None]
    return {f"clip-{number}.wav": sound for number, sound in enumerate(kept, start=1)}


def described(test: Split, found: Sequence[Transcript], i: int) -> dict[str, Any]:
    """A clip, what it says and what it is said to say."""
    about = {name: test.notes[name][i] for name in ("clip", "speaker", "snr_db")}
    return {**about, "wanted": test.notes["text"][i], "answer": found[i].text, "greedy": found[i].greedy}


def drawn(params: SpeechParams, steps: np.ndarray, log_p: LogP, transcript: Transcript) -> dict[str, Any]:
    """The frames of a clip, the character of each step, and the probability of the blank there."""
    return {
        "step_seconds": step_seconds(params),
        "log_mel": steps.astype(np.float64).reshape(-1, params.num_mels).round(1).tolist(),
        "places": alignment(log_p, transcript).tolist(),
        "blank": np.exp(log_p[:, BLANK]).round(3).tolist(),
    }
