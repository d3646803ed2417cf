"""Accuracy by distance, with its interval and the accuracy that needs no memory."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from pipeline.memory.evaluation import GOOD

BLUE = "#0072B2"


def accuracy_figure(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Rows are those of `by("distance", ...)`; the band is the Wilson interval, the grey line 95 %."""
    figure = Figure(figsize=(7.2, 4.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    distances, accuracy = [row["distance"] for row in rows], [row["accuracy"] for row in rows]
    low, high = zip(*(row["interval"] for row in rows), strict=True)
    axes.axhline(GOOD, color="0.75", linewidth=0.8, zorder=0)
    axes.fill_between(distances, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(distances, accuracy, "o-", color=BLUE, linewidth=1.8, markersize=5)
    axes.set(xlabel="distance: steps between a cue and its answer", ylabel="share of right answers", ylim=(-0.02, 1.02))
    axes.set_xscale("symlog", base=2, linthresh=1)  # 0 has a place, and near distances have room
    axes.set_xlim(distances[0] - 0.2, distances[-1] * 1.1)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
