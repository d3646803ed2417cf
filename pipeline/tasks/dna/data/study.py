"""What is looked at beside the scores: labels, distances from a gene's ends, the other strand, a track."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from pipeline.examples.sets import Split
from pipeline.tasks.contract import Study
from pipeline.tasks.dna.data.bases import (
    Labels,
    calls,
    is_scored,
    reverse_probabilities,
    runs,
    strands,
)
from pipeline.tasks.dna.data.figures import first_bases, track
from pipeline.tasks.dna.data.pieces import Region, joined, other_strand, regions
from pipeline.tasks.dna.data.scores import by_label, counts
from pipeline.tasks.dna.params import DnaParams

DISTANCES = (0, 3, 10, 30, 100, 300, 1000)
"""Bounds of the distances that go together."""
Probabilities = Float[np.ndarray, "_ 7"]
Answering = Callable[[Split], Sequence[Probabilities]]


def study_of_genes(test: Split, answers: Sequence[Probabilities], answer: Answering, params: DnaParams) -> Study:
    """Of the answers to the test split.

    Args:
        answer: what the network says of another split.
    """
    found, of_pieces = regions(test), [calls(of) for of in answers]
    called = [joined(test, region, of_pieces) for region in found]
    tables = {
        "label": by_label(counts(test, found, called)),
        "from_left": _by_distance(found, called, "from_left"),
        "from_right": _by_distance(found, called, "from_right"),
    }
    details = {"other_strand": agreement(test, answers, answer, params)}
    predictions = {
        "called": [calls(of).tolist() for of in answers],
        "coding": [(1 - of[:, 0]).tolist() for of in answers],
    }
    return Study(tables, details, predictions, {"track.png": lambda: _track(found, called)})


def agreement(test: Split, answers: Sequence[Probabilities], answer: Answering, params: DnaParams) -> Mapping[str, Any]:
    """Whether a base gets the same label when the other strand is read."""
    scored = [is_scored(target) for target in test.targets]
    of_this = [calls(of) for of in answers]
    of_other = [calls(reverse_probabilities(of)) for of in answer(other_strand(test, params))]
    same = sum(int((a == b)[s].sum()) for a, b, s in zip(of_this, of_other, scored, strict=True))
    number = sum(int(s.sum()) for s in scored)
    return {"same_label": same / number, "bases": number}


def _by_distance(found: Sequence[Region], called: Sequence[Labels], key: str) -> list[dict[str, Any]]:
    """Of bases that code, the share called coding on their strand, by the bases to the left or right end of the run.

    Runs that a sequence's end cuts are left out: how far they go on is not known.
    """
    right, number = np.zeros(len(DISTANCES) - 1), np.zeros(len(DISTANCES) - 1)
    for region, of in zip(found, called, strict=True):
        for start, end, strand in runs(region.labels):
            if start == 0 or end == len(of) or not is_scored(region.labels[[start - 1, end]]).all():
                continue
            hits = strands(of[start:end]) == strand
            hits = hits if key == "from_left" else hits[::-1]
            groups = np.searchsorted(DISTANCES, np.arange(end - start), side="right") - 1
            keep = groups < len(number)
            right += np.bincount(groups[keep], hits[keep], len(number))
            number += np.bincount(groups[keep], minlength=len(number))
    names = [f"{low}-{high - 1}" for low, high in pairwise(DISTANCES)]
    return [
        {key: name, "n": int(n), "sensitivity": float(hit / n)}
        for name, hit, n in zip(names, right, number, strict=True)
        if n
    ]


def _track(found: Sequence[Region], called: Sequence[Labels]) -> Figure:
    true, borders = first_bases([region.labels for region in found])
    said, _ = first_bases(called)
    return track([("genes", true), ("network", said)], borders, "The first bases of the test part")
