"""Accuracy by distance, with its interval and the accuracy that needs no memory."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from pipeline.figures import FAINT_LINE, PALETTE, panels
from pipeline.memory.evaluation import GOOD


def accuracy_figure(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Rows are those of `by("distance", ...)`; the band is the Wilson interval, the grey line 95 %."""
    figure, (axes,) = panels(1, 7.2, 4.5)
    distances, accuracy = [row["distance"] for row in rows], [row["accuracy"] for row in rows]
    low, high = zip(*(row["interval"] for row in rows), strict=True)
    axes.axhline(GOOD, **FAINT_LINE)
    axes.fill_between(distances, low, high, color=PALETTE[0], alpha=0.2, linewidth=0)
    axes.plot(distances, accuracy, "o-", color=PALETTE[0], linewidth=1.8, markersize=5)
    axes.set(xlabel="distance: steps between a cue and its answer", ylabel="share of right answers", ylim=(-0.02, 1.02))
    axes.set_xscale("symlog", base=2, linthresh=1)  # 0 has a place, and near distances have room
    axes.set_xlim(distances[0] - 0.2, distances[-1] * 1.1)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_title(title, loc="left")
    return figure
