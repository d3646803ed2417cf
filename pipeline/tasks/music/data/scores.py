"""Scores of pieces from the nats of their tokens, with intervals over pieces.

bits              of a tune: -log2 p of a token, the end of the tune among them
nats_per_frame    of chords: -ln p of all notes of a frame and of its end, over all frames of the split: what
                  Boulanger-Lewandowski et al. 2012 (ICML, arXiv:1206.6392) report; the end of the piece is no frame
nats_after_first  the same without the first frame of each piece, as the experiments of Bai et al. 2018 (TCN,
                  arXiv:1803.01271) count it
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from pipeline.examples.measures import Measure, bootstrap
from pipeline.examples.sets import Split
from pipeline.tasks.music.params import MusicParams

Nats = Float[np.ndarray, " _"]
"""-ln p of each target of a piece."""


def measure(params: MusicParams, split: Split, nats: Sequence[Nats]) -> Mapping[str, Measure]:
    """The scores of a split from the nats of each piece's targets, EOS the last of them."""
    if params.format == "tunes":
        return token_measures(nats)
    first, frames = split.notes["first"], split.notes["frames"]
    totals = [(of[:-1].sum(), of[:n].sum(), number) for of, n, number in zip(nats, first, frames, strict=True)]
    return {**frame_measures(totals), **token_measures(nats)}


def token_measures(nats: Sequence[Nats]) -> Mapping[str, Measure]:
    """
    >>> token_measures([np.log([2.0, 4.0, 8.0])])["bits"].value
    2.0
    """
    units = [(of.sum() / np.log(2), len(of)) for of in nats]
    return {"bits": bootstrap(units, lambda sums: float(sums[0] / sums[1]))}


def frame_measures(totals: Sequence[tuple[float, float, int]]) -> Mapping[str, Measure]:
    """
    Args:
        totals: of each piece the nats of all frames, those of the first frame, and the number of frames.

    >>> {name: of.value for name, of in frame_measures([(7.0, 4.0, 2), (6.0, 4.0, 1)]).items()}["nats_after_first"]
    5.0
    """
    units = [(nats, frames, nats - first, frames - 1) for nats, first, frames in totals]
    return {
        "nats_per_frame": bootstrap(units, lambda sums: float(sums[0] / sums[1])),
        "nats_after_first": bootstrap(units, lambda sums: float(sums[2] / sums[3]) if sums[3] else math.nan),
    }
