"""Figures of the analysis, drawn without pyplot and saved with stable bytes."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito 2008: told apart by colour-blind people; the dashes tell them apart in grey."""
DASHES = ("-", "--", "-.", ":")
HORIZONS = (0.1, 0.01, 0.001)
LOWEST = 1e-12
"""The axis ends here at the latest: what is below is gone for any optimiser."""


def gradient_figure(curves: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Relative norms against lag, one line a curve, lag 0 first; a dot where a curve is first below each horizon.

    Values that are not positive (c at lag 0) have no place on a logarithmic axis and are left out.
    """
    figure = Figure(figsize=(7.2, 4.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for horizon in HORIZONS:
        axes.axhline(horizon, color="0.75", linewidth=0.8, zorder=0)
        axes.annotate(
            f"{horizon:.1%}".replace(".0", ""), (1.01, horizon), xycoords=("axes fraction", "data"), va="center"
        )
    for (name, values), colour, dashes in zip(curves.items(), cycle(COLOURS), cycle(DASHES)):
        _draw(axes, np.asarray(values, dtype=float), name, colour, dashes)
    axes.set(yscale="log", xlabel="lag k: steps back in time", ylabel="norm of the gradient, relative to its first")
    axes.set_title(title, loc="left")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], LOWEST))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw(axes: Axes, values: np.ndarray, name: str, colour: str, dashes: str) -> None:
    lags = np.arange(len(values))
    drawn = np.where(values > 0, values, np.nan)
    axes.plot(lags, drawn, dashes, color=colour, label=name, linewidth=1.8)
    reached = [lags[drawn < horizon][0] for horizon in HORIZONS if (drawn < horizon).any()]
    axes.plot(reached, drawn[reached], "o", color=colour, markersize=5)


def save_png(figure: Figure, path: Path) -> None:
    """Write the figure; equal figures have equal bytes, so no version and no date stands in the file."""
    figure.savefig(path, format="png", metadata={"Software": None})
