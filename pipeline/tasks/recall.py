"""What tasks share that ask for something at a known distance: scores by distance, and the scores known in advance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pipeline.examples.measures import Measure, bootstrap, share
from pipeline.figures import FAINT_LINE, PALETTE, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def accuracy_figure(rows: Sequence[Mapping[str, Any]]) -> "Figure":
    """Accuracy by distance, from the rows of `by("distance", ...)`; the band is the interval, the grey line 95 %."""
    from matplotlib.ticker import ScalarFormatter

    figure, (axes,) = panels(1, 7.2, 4.5)
    distances, accuracy, low, high = (
        [row[key] for row in rows] for key in ("distance", "accuracy", "accuracy_low", "accuracy_high")
    )
    axes.axhline(GOOD, **FAINT_LINE)
    axes.fill_between(distances, low, high, color=PALETTE[0], alpha=0.2, linewidth=0)
    axes.plot(distances, accuracy, "o-", color=PALETTE[0], linewidth=1.8, markersize=5)
    axes.set(xlabel="distance: steps between a cue and its answer", ylabel="share of right answers", ylim=(-0.02, 1.02))
    axes.set_xscale("symlog", base=2, linthresh=1)  # 0 has a place, and near distances have room
    axes.set_xlim(distances[0] - 0.2, distances[-1] * 1.1)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    return figure
