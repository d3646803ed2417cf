"""What tasks share that ask for something at a known distance: scores by distance, and the scores known in advance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import fmean
from typing import Any

from pipeline.examples.measures import Measure, bootstrap, share
from pipeline.tasks.source import Baseline

GOOD = 0.95
"""The share of right answers up to which a distance counts as remembered."""


@dataclass(frozen=True)
class Answer:
    """What a network answered to one example, which asks one question or several."""

    right: Sequence[bool]
    costs: Sequence[float]
    """Of each question, in bits, or as a squared error."""


def measured(given: Sequence[Answer], unit: str) -> dict[str, Measure]:
    """`accuracy`, and the mean cost under the name of its unit.

    An example counts as one trial: several questions of one example are not independent.
    """
    costs = [[fmean(answer.costs), 1] for answer in given]
    return {"accuracy": accuracy(given), unit: bootstrap(costs, lambda sums: float(sums[0] / sums[1]))}


def accuracy(given: Sequence[Answer]) -> Measure:
    """The share of right answers, with Wilson's interval over examples.

    >>> accuracy([Answer([True, False], [0.0, 2.0]), Answer([True, True], [0.0, 0.0])]).value
    0.75
    """
    return share(math.fsum(fmean(answer.right) for answer in given), len(given))


def by(key: str, values: Sequence[int | None], given: Sequence[Answer], unit: str) -> list[dict[str, Any]]:
    """Rows of a table: the scores of the examples with each value of `key`, rising; None is left out."""
    groups: dict[int, list[Answer]] = {}
    for value, answer in zip(values, given, strict=True):
        if value is not None:
            groups.setdefault(value, []).append(answer)
    return [{key: value, **_row(groups[value], unit)} for value in sorted(groups)]


def _row(given: Sequence[Answer], unit: str) -> dict[str, Any]:
    right = accuracy(given)
    costs = fmean(fmean(answer.costs) for answer in given)
    interval = {"accuracy_low": right.low, "accuracy_high": right.high}
    return {"n": len(given), "accuracy": right.value, **interval, unit: costs}


def longest_good(rows: Sequence[Mapping[str, Any]]) -> int | None:
    """The last distance of those up to which the accuracy stays at 95 % or more; None where the first is worse.

    >>> longest_good([{"distance": 1, "accuracy": 1}, {"distance": 5, "accuracy": 0.9}, {"distance": 7, "accuracy": 1}])
    1
    """
    good = [row["distance"] for row in takewhile(lambda row: row["accuracy"] >= GOOD, rows)]
    return good[-1] if good else None


def known_scores(unit: str, cost: float, accuracy: float) -> list[Baseline]:
    """The best possible scores of an answer: with memory it is right and costs nothing; without memory it is a guess.

    Args:
        cost: of the best guess, in `unit`.
        accuracy: of the best guess.
    """
    return [
        Baseline("with memory", _exact({"accuracy": 1.0, unit: 0.0}), "optimum"),
        Baseline("without memory", _exact({"accuracy": accuracy, unit: cost})),
    ]


def _exact(scores: Mapping[str, float]) -> dict[str, dict[str, Measure]]:
    measures = {name: Measure(value, value, value) for name, value in scores.items()}
    return {"validation": measures, "test": measures}
