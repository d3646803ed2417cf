"""What needs no network: the majority, open reading frames, and the posterior of the model that generated the set."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.dna.data.bases import Labels, calls
from pipeline.tasks.dna.data.hmm import gene_model
from pipeline.tasks.dna.data.orfs import labels_by_frames, open_frames
from pipeline.tasks.dna.data.pieces import Region, regions
from pipeline.tasks.dna.data.scores import counts, mcc, measures
from pipeline.tasks.dna.params import DnaParams
from pipeline.tasks.source import Baseline

SHORTEST = range(30, 601, 30)
"""Lengths of open reading frames that are tried on the training part."""
TRIED_BASES = 400_000
"""Of the training part at most, on which they are tried."""
HELD_OUT = ("validation", "test")

Caller = Callable[[Region], Labels]


def baselines_of_genes(params: DnaParams, examples: Examples) -> Sequence[Baseline]:
    """What labels bases without a network; the optimum where the set is generated."""
    most = _majority(examples)
    shortest = chosen_length(examples.splits["train"])
    found = [
        Baseline(f"always {examples.classes[most]}", _scores(examples, lambda region: np.full(len(region.ids), most))),
        Baseline(
            f"open reading frames of at least {shortest} bases",
            _scores(examples, lambda region: labels_by_frames(len(region.ids), open_frames(region.ids), shortest)),
        ),
    ]
    if params.path is None:
        found.append(Baseline("posterior of the true model", _of_posterior(examples), "optimum"))
    return found


def _majority(examples: Examples) -> int:
    return int(np.bincount(np.concatenate(examples.splits["train"].targets)).argmax())


def _scores(examples: Examples, caller: Caller) -> dict:
    found = {}
    for name in HELD_OUT:
        split = examples.splits[name]
        of = regions(split)
        found[name] = measures(counts(split, of, [caller(region) for region in of]))
    return found


def _of_posterior(examples: Examples) -> dict:
    found = {}
    for name in HELD_OUT:
        split = examples.splits[name]
        of = regions(split)
        posterior = gene_model().posterior([region.ids for region in of])
        found[name] = measures(counts(split, of, [calls(p) for p in posterior]))
    return found


def chosen_length(train: Split) -> int:
    """The shortest open reading frame that counts: the best by MCC on the training part."""
    of, bases = [], 0
    for region in regions(train):
        if bases < TRIED_BASES:
            of.append(region)
            bases += len(region.ids)
    frames = [open_frames(region.ids) for region in of]

    def score(shortest: int) -> float:
        pairs = np.zeros((2, 2))
        for region, own in zip(of, frames, strict=True):
            called = labels_by_frames(len(region.ids), own, shortest) > 0
            pairs += np.bincount(2 * (region.labels > 0) + called, minlength=4).reshape(2, 2)
        matrix = np.zeros((7, 7))
        matrix[:2, :2] = pairs
        return mcc(np.append(matrix.ravel(), [0, 0, 0]))

    return max(SHORTEST, key=score)
