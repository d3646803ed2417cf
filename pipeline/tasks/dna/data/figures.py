"""A track of the genome: where each strand codes, and what was said of it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures import FAINT_LINE, GREY, PALETTE
from pipeline.tasks.dna.data.bases import Labels, is_scored, runs, strands

SHOWN = 4000
"""Bases of a track at most."""
HEIGHT = 0.34


def track(lanes: Sequence[tuple[str, Labels]], borders: Sequence[int], title: str) -> Figure:
    """Lanes of labels of the same bases, one above the other; the strand + is above the line of its lane.

    Args:
        borders: places at which another sequence begins.
    """
    figure = Figure(figsize=(10.0, 1.1 + 0.75 * len(lanes)), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    for at in borders:
        axes.axvline(at, **FAINT_LINE)
    for lane, (_, labels) in enumerate(lanes):
        _lane(axes, labels, -lane)
    axes.set_yticks([-lane for lane in range(len(lanes))], [name for name, _ in lanes])
    axes.tick_params(axis="y", length=0)
    length = len(lanes[0][1])
    axes.set(xlim=(0, length), ylim=(0.5 - len(lanes), 0.5), xlabel="bases; above a line strand +, below it strand -")
    axes.set_title(title, loc="left")
    return figure


def _lane(axes: Axes, labels: Labels, at: int) -> None:
    axes.axhline(at, color=GREY, linewidth=0.8)
    unknown = np.flatnonzero(~is_scored(labels))
    if len(unknown):
        axes.plot(unknown, np.full(len(unknown), at), "|", color=GREY, markersize=4)
    for start, end, strand in runs(labels):
        bottom, colour = (at, PALETTE[0]) if strand == 1 else (at - HEIGHT, PALETTE[1])
        axes.bar((start + end) / 2, HEIGHT, end - start, bottom, color=colour, linewidth=0)


def first_bases(regions: Sequence[Labels], size: int = SHOWN) -> tuple[Labels, list[int]]:
    """The labels of the first bases of regions, and the places where another one begins."""
    together = np.concatenate(regions)[:size]
    ends = np.cumsum([len(labels) for labels in regions])
    return together, [int(end) for end in ends if end < size]


def coding_shares(labels: Sequence[Labels]) -> dict[str, float]:
    """How many of the bases with a label code on each strand."""
    flat = np.concatenate(labels)
    of = strands(flat[is_scored(flat)])
    return {"+": float((of == 1).mean()), "-": float((of == -1).mean())}
