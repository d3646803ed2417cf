"""Ask a network at the places of a task's strings, and say how well it answers, by distance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch

from pipeline.base.metrics import NATS_PER_BIT, wilson
from pipeline.memory.strings import String, joined
from pipeline.networks.build import Network
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.tokens.windows import Window, unit_bounds, unit_window

STRINGS_AT_A_TIME = 128
GOOD = 0.95
"""The share of right answers up to which a distance counts as remembered."""


@dataclass(frozen=True)
class Answer:
    """What became of one question."""

    distance: int
    right: bool
    cost: float
    """Bits, or squared error."""
    attractors: int | None = None


@torch.inference_mode()
def answers(network: Network, strings: Sequence[String], choices: Sequence[int]) -> list[Answer]:
    """The network's answer at every place of every string.

    Right is the answer whose probability is the highest among the choices (of equal ones, the first); the cost in bits
    is that of the true one, with the probabilities of the choices scaled to a sum of 1. A cloze model reads the
    string on both sides; what stands behind a place tells nothing about it.
    """
    network.eval()
    ids = joined(strings)
    units, given = unit_bounds(ids, longest=len(ids)), []
    for start in range(0, len(strings), STRINGS_AT_A_TIME):
        some = slice(start, start + STRINGS_AT_A_TIME)
        given += _answers(network, unit_window(ids, units[some], network.begin_id), strings[some], choices)
    return given


def _answers(network: Network, window: Window, strings: Sequence[String], choices: Sequence[int]) -> list[Answer]:
    device = next(network.parameters()).device
    inputs, targets = (torch.from_numpy(part).to(device) for part in (window.inputs, window.targets))
    asked = [(row, place) for row, string in enumerate(strings) for place in string.places]
    rows, places = map(list, zip(*asked, strict=True))
    logits, _ = network.window_logits(inputs, targets)
    bits = -logits[rows, places][:, list(choices)].log_softmax(-1) / NATS_PER_BIT  # (N, choices)
    true = [list(choices).index(strings[row].ids[place]) for row, place in asked]
    right = (bits.argmin(-1) == torch.tensor(true, device=device)).tolist()
    cost = bits[range(len(true)), true].tolist()
    return [
        Answer(strings[row].distance, *judged, strings[row].attractors)
        for row, judged in zip(rows, zip(right, cost, strict=True), strict=True)
    ]


def bits_per_string(network: Network, strings: Sequence[String]) -> float:
    """-log2 p(string), EOS counted, on average over strings; a cloze model gives none a probability."""
    windows = evaluation_windows(joined(strings), network.begin_id, "units", STRINGS_AT_A_TIME)
    nats, _ = nats_of(network, windows)
    return nats / NATS_PER_BIT / len(strings)


def measured(given: Sequence[Answer], unit: str) -> dict[str, Any]:
    """`n`, `accuracy`, its `interval`, and the mean cost under the name of its unit.

    Each answer counts as a trial of its own, also those of one string, as the symbols of a copy.
    """
    right = sum(answer.right for answer in given)
    cost = math.fsum(answer.cost for answer in given) / len(given)
    return {"n": len(given), "accuracy": right / len(given), "interval": wilson(right, len(given)), unit: cost}


def by(key: str, given: Sequence[Answer], unit: str) -> list[dict[str, Any]]:
    """The measures at each value of `key` (`distance`, `attractors`), rising; answers without a value are left out."""
    groups: dict[int, list[Answer]] = {}
    for answer in given:
        groups.setdefault(getattr(answer, key), []).append(answer)
    values = sorted(value for value in groups if value is not None)
    return [{key: value, **measured(groups[value], unit)} for value in values]


def longest_good(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The last distance of those up to which the accuracy stays at 95 % or more; None where the first is worse.

    >>> longest_good([{"distance": 1, "accuracy": 1}, {"distance": 5, "accuracy": 0.9}, {"distance": 7, "accuracy": 1}])
    1
    """
    good = [row["distance"] for row in takewhile(lambda row: row["accuracy"] >= GOOD, rows)]
    return good[-1] if good else None
