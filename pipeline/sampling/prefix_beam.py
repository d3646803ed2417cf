"""The transcripts that are most probable, with a language model of labels: prefix beam search.

    score(labels) = ln p(labels | x) + weight * ln p_language(labels, end)

A prefix stands for all paths that say it, of which two sums are kept, those that end in a blank and those that do not:
a label equal to the last one makes the prefix longer after a blank alone.

Graves et al. 2006 (ICML); with a language model Hannun et al. 2014 (arXiv:1408.2873), algorithm 1, without its bonus
for words.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pipeline.sampling.ctc import BLANK, NEVER, LogP
from pipeline.text.ngram import KneserNey

NextLabel = Callable[[Sequence[int]], Float[np.ndarray, " C"]]
"""What each label adds to the score of a prefix that it follows; at the blank's place, the end."""


@dataclass(frozen=True)
class Hypothesis:
    """A transcript that was found."""

    labels: tuple[int, ...]
    log_probability: float
    """ln p(labels | x) of the paths whose prefixes were all kept: a lower bound, exact with a beam that keeps all."""
    score: float


@dataclass(frozen=True)
class Beam:
    """The best prefixes after some steps, B of them."""

    prefixes: Sequence[tuple[int, ...]]
    blank: Float[np.ndarray, " B"]
    """ln p of each prefix's paths that end in a blank."""
    label: Float[np.ndarray, " B"]
    """ln p of those that end in its last label."""
    language: Float[np.ndarray, " B"]
    """What the language model adds."""

    @property
    def total(self) -> Float[np.ndarray, " B"]:
        """ln p of all paths of each prefix."""
        return np.logaddexp(self.blank, self.label)


def without_language(num_classes: int) -> NextLabel:
    """No language model."""
    zeros = np.zeros(num_classes)
    return lambda prefix: zeros


def with_ngram(ngram: KneserNey, weight: float) -> NextLabel:
    """An n-gram of transcripts, each closed by EOS, whose id is the blank's."""

    @functools.cache
    def after(recent: tuple[int, ...]) -> Float[np.ndarray, " C"]:
        return weight * np.log(ngram.probabilities(recent))

    length = ngram.max_order - 1
    return lambda prefix: after((BLANK, *prefix[-length:])[-length:] if length else ())


def beam_search(log_p: LogP, beam_size: int, next_label: NextLabel) -> list[Hypothesis]:
    """The transcripts that end in the beam, the highest score first; the `beam_size` best prefixes of a step are kept.

    Their probabilities sum to at most 1: no path says two transcripts.
    """
    beam = Beam([()], np.zeros(1), np.full(1, NEVER), np.zeros(1))
    for step in log_p.astype(np.float64):
        beam = _extended(beam, step, beam_size, next_label)
    scores = beam.total + beam.language + [next_label(prefix)[BLANK] for prefix in beam.prefixes]
    order = np.argsort(-scores, kind="stable")
    return [Hypothesis(beam.prefixes[i], float(beam.total[i]), float(scores[i])) for i in order]


def _extended(beam: Beam, step: Float[np.ndarray, " C"], beam_size: int, next_label: NextLabel) -> Beam:
    """One step more: each prefix as it is, or with a label behind it; the best are kept."""
    last = np.array([prefix[-1] if prefix else BLANK for prefix in beam.prefixes])
    blank, label = beam.total + step[BLANK], beam.label + step[last]
    longer = beam.total[:, None] + step
    longer[np.arange(len(last)), last] = beam.blank + step[last]
    longer[:, BLANK] = NEVER
    _move_to_known(beam.prefixes, label, longer)
    language = beam.language[:, None] + [next_label(prefix) for prefix in beam.prefixes]
    scores = np.concatenate([np.logaddexp(blank, label) + beam.language, (longer + language).ravel()])
    kept = np.argsort(-scores, kind="stable")[:beam_size]
    kept = kept[scores[kept] > NEVER]
    stay, (parents, labels) = kept[kept < len(last)], np.divmod(kept[kept >= len(last)] - len(last), len(step))
    grown = [(*beam.prefixes[parent], label) for parent, label in zip(parents, labels.tolist(), strict=True)]
    return Beam(
        [*(beam.prefixes[place] for place in stay), *grown],
        np.append(blank[stay], np.full(len(grown), NEVER)),
        np.append(label[stay], longer[parents, labels]),
        np.append(beam.language[stay], language[parents, labels]),
    )


def _move_to_known(
    prefixes: Sequence[tuple[int, ...]], label: Float[np.ndarray, " B"], longer: Float[np.ndarray, "B C"]
) -> None:
    """A prefix with a label behind it may be in the beam itself: then its paths are counted there, in place."""
    places = {prefix: place for place, prefix in enumerate(prefixes)}
    for prefix, place in places.items():
        parent = places.get(prefix[:-1]) if prefix else None
        if parent is not None:
            label[place] = np.logaddexp(label[place], longer[parent, prefix[-1]])
            longer[parent, prefix[-1]] = NEVER
