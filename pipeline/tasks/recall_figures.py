"""Figures of the tasks that ask for something at a known distance."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.examples.sets import Examples
from pipeline.figures import FAINT_LINE, PALETTE, panels
from pipeline.tasks.recall import GOOD

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def distances_figure(examples: Examples) -> "Figure":
    """How many examples of the training and of the test have each distance."""
    figure, axes = panels(2, 10, 3.5)
    for panel, name in zip(axes, ("train", "test"), strict=True):
        counts = sorted(Counter(examples.splits[name].notes["distance"]).items())
        panel.bar([str(distance) for distance, _ in counts], [n for _, n in counts], color=PALETTE[0])
        panel.set(xlabel="distance: steps between a cue and its answer", ylabel="examples")
        panel.set_title(name, loc="left")
        for i, label in enumerate(panel.get_xticklabels()):
            label.set_visible(i % (1 + len(counts) // 12) == 0)  # many lengths would overlap
    return figure


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
