"""What scores chords without a network, frame by frame.

A key is on or off.

marginal  each key on its own, as often as in training
repeat    the frame before, each key changing with one of two probabilities: that of all keys that are on, or off
markov    each key from whether it was on
bigram    the whole chord from the whole chord before, smoothed by the chord alone and that by `markov` (Witten & Bell
          1991), so that a chord that was never seen has a probability, too

The frame before the first is silence. Counts of keys begin at 1/2.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from pipeline.tasks.music.data.tunes import LOWEST, NUM_KEYS, Frame

Kind = Literal["marginal", "repeat", "markov"]
Chord = Sequence[int]
"""MIDI numbers, ascending."""
Roll = Bool[np.ndarray, "T K"]


def roll_of(frames: Sequence[Chord]) -> Roll:
    """
    >>> np.argwhere(roll_of([(60, 64), ()])).tolist()
    [[0, 39], [0, 43]]
    """
    roll = np.zeros((len(frames), NUM_KEYS), bool)
    for step, frame in enumerate(frames):
        roll[step, np.array(frame, int) - LOWEST] = True
    return roll


def before(roll: Roll) -> Roll:
    """The frame before each."""
    return np.vstack([np.zeros((1, NUM_KEYS), bool), roll[:-1]])


@dataclass(frozen=True)
class Keys:
    """The probability of each key to be on where it was off, and where it was on."""

    on: Float[np.ndarray, "2 K"]

    @classmethod
    def fit(cls, pieces: Sequence[Sequence[Chord]], kind: Kind) -> "Keys":
        """Counted in these pieces."""
        rolls = [roll_of(frames) for frames in pieces]
        now, was = np.vstack(rolls), np.vstack([before(roll) for roll in rolls])
        hits = np.stack([(now & ~was).sum(0), (now & was).sum(0)])
        total = np.stack([(~was).sum(0), was.sum(0)])
        if kind == "marginal":
            hits, total = (np.broadcast_to(counts.sum(0), counts.shape) for counts in (hits, total))
        elif kind == "repeat":
            hits, total = (np.broadcast_to(counts.sum(1, keepdims=True), counts.shape) for counts in (hits, total))
        return cls((hits + 0.5) / (total + 1))

    def nats(self, frames: Sequence[Chord]) -> Float[np.ndarray, " T"]:
        """-ln p of each frame."""
        roll = roll_of(frames)
        on = np.where(before(roll), self.on[1], self.on[0])
        return -np.log(np.where(roll, on, 1 - on)).sum(1)


@dataclass(frozen=True)
class ChordBigram:
    """p(chord | chord before), with the probability of the chord alone, and of its keys, below it."""

    following: Mapping[Frame, Counter[Frame]]
    chords: Counter[Frame]
    keys: Keys

    @classmethod
    def fit(cls, pieces: Sequence[Sequence[Chord]]) -> "ChordBigram":
        """Counted in these pieces."""
        following: dict[Frame, Counter[Frame]] = defaultdict(Counter)
        for frames in pieces:
            for was, now in pairwise([(), *map(tuple, frames)]):
                following[was][now] += 1
        chords = Counter(tuple(frame) for frames in pieces for frame in frames)
        return cls(dict(following), chords, Keys.fit(pieces, "markov"))

    def nats(self, frames: Sequence[Chord]) -> Float[np.ndarray, " T"]:
        """-ln p of each frame."""
        by_keys = np.exp(-self.keys.nats(frames))
        pairs = pairwise([(), *map(tuple, frames)])
        return -np.log([self._probability(was, now, p) for (was, now), p in zip(pairs, by_keys, strict=True)])

    def _probability(self, was: Frame, now: Frame, by_keys: float) -> float:
        alone = witten_bell(self.chords, now, by_keys)
        return witten_bell(self.following.get(was, Counter()), now, alone)


def witten_bell(counts: Counter[Frame], chord: Frame, shorter: float) -> float:
    """p of a chord: the more different ones were counted, the more goes to those that were not.

    >>> witten_bell(Counter({(60,): 2, (62,): 1}), (60,), 0.5)
    0.6
    """
    return (counts[chord] + len(counts) * shorter) / (counts.total() + len(counts)) if counts else shorter
