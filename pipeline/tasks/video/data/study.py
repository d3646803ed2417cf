"""What is looked at beside the scores."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from pipeline.examples.measures import share
from pipeline.examples.sets import Examples, Split

SHOWN = 3
"""Test clips whose course is kept: so many that are answered rightly, and wrongly."""
SHOWN_IMAGES, SHOWN_ROWS, SHOWN_CHANNELS = 16, 100, 6
"""Of them frames at most, evenly spaced: images, or rows of numbers, and of these the first channels."""
SEEN_CLIPS = 300
"""Test clips that are answered after their first frames alone."""
TIMELINES, TIMELINE_FRAMES = 3, 1500

Answers = Sequence[Float[np.ndarray, " C"]]


def numbers_seen(longest: int) -> list[int]:
    """From one frame to all, ever further apart.

    >>> numbers_seen(16)
    [1, 2, 3, 4, 5, 6, 8, 10, 13, 16]
    """
    return sorted({round(longest ** (i / 12)) for i in range(13)})


def rows_by_frames(split: Split, answer: Callable[[Split], Answers]) -> list[dict[str, Any]]:
    """The accuracy after so many frames of each clip; a clip that has ended keeps its answer."""
    inputs, targets = split.inputs[:SEEN_CLIPS], split.targets[:SEEN_CLIPS]
    rows = []
    for number in numbers_seen(max(map(len, inputs))):
        answers = answer(Split([frames[:number] for frames in inputs], targets))
        right = sum(int(of.argmax()) == int(target) for of, target in zip(answers, targets, strict=True))
        found = share(right, len(inputs))
        measures = {"accuracy": found.value, "accuracy_low": found.low, "accuracy_high": found.high}
        rows.append({"frames": number, "n": len(inputs), **measures})
    return rows


def shown_clips(
    examples: Examples, guesses: Int[np.ndarray, " N"], course: Callable[[np.ndarray], np.ndarray], is_image: bool
) -> list[dict[str, Any]]:
    """The first right and wrong answers, the clips in the order of their hashes: picked by nobody."""
    test = examples.splits["test"]
    order = sorted(range(len(test)), key=lambda i: hashlib.sha256(test.inputs[i].tobytes()).digest())
    right = [int(test.targets[i]) == int(guesses[i]) for i in range(len(test))]
    picked = [[i for i in order if right[i] == wanted][:SHOWN] for wanted in (True, False)]
    return [_shown(examples, i, right[i], course, is_image) for i in (*picked[0], *picked[1])]


def _shown(
    examples: Examples, i: int, right: bool, course: Callable[[np.ndarray], np.ndarray], is_image: bool
) -> dict[str, Any]:
    test = examples.splits["test"]
    frames = test.inputs[i]
    at = evenly(len(frames), SHOWN_IMAGES if is_image else SHOWN_ROWS)
    kept = frames[at] if is_image else frames[at, :SHOWN_CHANNELS]
    return {
        "clip": test.notes["clip"][i],
        "target": examples.classes[int(test.targets[i])],
        "right": right,
        "at": [place + 1 for place in at],
        "course": course(frames)[at].round(4).tolist(),
        "frames": kept.round(2).tolist(),
    }


def evenly(length: int, most: int) -> list[int]:
    """So many places at most, evenly spaced from the first to the last.

    >>> evenly(3, 5), evenly(9, 3)
    ([0, 1, 2], [0, 4, 8])
    """
    return np.linspace(0, length - 1, min(length, most)).round().astype(int).tolist()


def timelines(test: Split, guesses: Sequence[Int[np.ndarray, "_"]]) -> list[dict[str, Any]]:
    """Truth and guess at the first frames of the first test clips."""
    return [
        {
            "clip": test.notes["clip"][i],
            "truth": test.targets[i][:TIMELINE_FRAMES].tolist(),
            "guess": guesses[i][:TIMELINE_FRAMES].tolist(),
        }
        for i in range(min(len(test), TIMELINES))
    ]
