"""Transcripts and their paths: a class at each step, a label or the blank (connectionist temporal classification).

A path says the labels that are left when equal neighbours become one and blanks are dropped after that; so a label
that follows an equal one has a blank before it. The probability of a transcript is that of all its paths:

    p(labels | x) = sum of prod_t p(path_t | x) over the paths that say these labels

Graves et al. 2006 (ICML), whose forward recursion this is: it runs over U labels with blanks around them, 2 U + 1
states. Class 0 is the blank.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from jaxtyping import Bool, Float, Int

BLANK = 0
NO_LABEL = -1
NEVER = -np.inf

LogP = Float[np.ndarray, "T C"]
"""Logarithms of the probabilities of the classes at each step."""


def collapsed(path: Sequence[int]) -> list[int]:
    """The labels that a path says.

    >>> collapsed([1, 1, 0, 1, 2, 0])
    [1, 1, 2]
    """
    return [label for label, _ in groupby(path) if label != BLANK]


def best_path(log_p: LogP) -> list[int]:
    """The labels of the most probable path: greedy decoding. Another transcript can have more probable paths in all.

    >>> best_path(np.log([[0.6, 0.4], [0.6, 0.4]]))  # although p([1]) = 0.64
    []
    """
    return collapsed(log_p.argmax(1).tolist())


def min_steps(labels: Sequence[int]) -> int:
    """The length of the shortest path that says these labels.

    >>> min_steps([1, 1, 2])
    4
    """
    return len(labels) + sum(label == before for before, label in pairwise(labels))


def log_probability(log_p: LogP, labels: Sequence[int]) -> float:
    """ln p(labels | x), of all paths; -inf where there are fewer steps than `min_steps`."""
    return float(np.logaddexp.reduce(_forward(log_p, labels, np.logaddexp)[-1, -2:]))


def aligned(log_p: LogP, labels: Sequence[int]) -> Int[np.ndarray, " T"]:
    """The place in `labels` that each step has on the most probable path that says them; NO_LABEL at a blank.

    >>> aligned(np.log([[0.1, 0.9], [0.4, 0.6], [0.9, 0.1]]), [1]).tolist()
    [0, 0, -1]
    """
    scores, may_skip = _forward(log_p, labels, np.maximum), _may_skip(labels)
    assert scores[-1, -2:].max() > NEVER, "a transcript needs min_steps"
    state = scores.shape[1] - (2 if len(labels) and scores[-1, -2] > scores[-1, -1] else 1)
    path = [state]
    for before in scores[-2::-1]:
        state -= int(before[max(state - (2 if may_skip[state] else 1), 0) : state + 1][::-1].argmax())
        path.append(state)
    states = np.array(path[::-1])
    return np.where(states % 2 == 1, states // 2, NO_LABEL)


def _forward(log_p: LogP, labels: Sequence[int], either: np.ufunc) -> Float[np.ndarray, "T S"]:
    """The score of the paths to each state at each step: their sum, or the best of them, as `either` has it."""
    classes, may_skip = _classes(labels), _may_skip(labels)
    emissions = log_p.astype(np.float64)[:, classes]
    scores = np.full_like(emissions, NEVER)
    scores[0, :2] = emissions[0, :2]
    for before, now, emission in zip(scores, scores[1:], emissions[1:], strict=False):
        now[:] = before
        now[1:] = either(now[1:], before[:-1])
        now[2:] = either(now[2:], np.where(may_skip[2:], before[:-2], NEVER))
        now += emission
    return scores


def _classes(labels: Sequence[int]) -> Int[np.ndarray, " S"]:
    """Of the states: the labels, with a blank before and behind each."""
    classes = np.full(2 * len(labels) + 1, BLANK)
    classes[1::2] = labels
    return classes


def _may_skip(labels: Sequence[int]) -> Bool[np.ndarray, " S"]:
    """Whether a state can follow the last but one: a label that differs from the one before it."""
    classes = _classes(labels)
    return (classes != BLANK) & (classes != np.append([BLANK, BLANK], classes)[: len(classes)])
