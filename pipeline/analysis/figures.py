"""Figures of the analysis."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.figures import FAINT_LINE, PALETTE, log_gradients, panels

COLOURS = (*PALETTE, "#000000")
"""Black too, for the ground is white; the dashes tell them apart in grey."""
DASHES = ("-", "--", "-.", ":")
HORIZONS = (0.1, 0.01, 0.001)


def gradient_figure(curves: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Relative norms against lag, one line a curve, lag 0 first; a dot where a curve is first below each horizon.

    Values that are not positive (c at lag 0) have no place on a logarithmic axis and are left out.
    """
    figure, (axes,) = panels(1, 7.2, 4.5)
    for horizon in HORIZONS:
        axes.axhline(horizon, **FAINT_LINE)
        axes.annotate(
            f"{horizon:.1%}".replace(".0", ""), (1.01, horizon), xycoords=("axes fraction", "data"), va="center"
        )
    for (name, values), colour, dashes in zip(curves.items(), cycle(COLOURS), cycle(DASHES)):
        _draw(axes, np.asarray(values, dtype=float), name, colour, dashes)
    axes.set(xlabel="lag k: steps back in time", ylabel="norm of the gradient, relative to its first")
    log_gradients(axes)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False)
    return figure


def dynamics_figure(
    jacobians: Mapping[str, Mapping[str, Any]], context: Mapping[str, Any], relative: Sequence[float], title: str
) -> Figure:
    """Three panels: singular values of one step, the Lyapunov spectrum, and what the network uses of its context.

    Args:
        jacobians: what jacobians.measure gave, by network.
        context: what context.measure gave of the trained network.
        relative: its gradient by lag, relative to the first: what could be used.
    """
    figure, (step, spectrum, use) = panels(3, 13, 3.8)
    for (name, measured), colour, dashes in zip(jacobians.items(), COLOURS, DASHES, strict=False):
        histogram = measured["step"]["histogram"]
        step.stairs(histogram["counts"], np.power(10.0, histogram["log10_edges"]), color=colour, label=name)
        exponents = [np.nan if value is None else value for value in measured["lyapunov"]["exponents"]]
        spectrum.plot(np.arange(1, len(exponents) + 1), exponents, dashes, color=colour, label=name)
    step.axvline(1, **FAINT_LINE)
    step.set(xscale="log", xlabel="singular value of one step's Jacobian", ylabel="count")
    spectrum.axhline(0, **FAINT_LINE)
    spectrum.set(xlabel="rank", ylabel="Lyapunov exponent, nats a step")
    _draw_use(use, context, relative)
    step.set_title(title, loc="left")
    for axes in (step, spectrum, use):
        axes.legend(frameon=False)
    return figure


def _draw_use(axes: Axes, context: Mapping[str, Any], relative: Sequence[float]) -> None:
    """The loss that a shorter context costs, and the gradient that is left, against the same number of steps."""
    for kind, colour, dashes in (("cut", COLOURS[1], "-"), ("shuffled", COLOURS[2], "--")):
        excess = np.array(context[kind]) / context["full"] - 1
        drawn = np.where(excess > 0, excess, np.nan)
        axes.plot(context["context"], drawn, dashes, color=colour, marker="o", markersize=3, label=f"context {kind}")
    axes.plot(np.arange(1, len(relative)), np.asarray(relative)[1:], ":", color=COLOURS[0], label="gradient")
    axes.axhline(0.01, **FAINT_LINE)
    axes.set(xscale="log", yscale="log", xlabel="steps back in time", ylabel="share of the loss, of the gradient")
    axes.set_ylim(bottom=1e-4)


def _draw(axes: Axes, values: np.ndarray, name: str, colour: str, dashes: str) -> None:
    lags = np.arange(len(values))
    drawn = np.where(values > 0, values, np.nan)
    axes.plot(lags, drawn, dashes, color=colour, label=name, linewidth=1.8)
    reached = [lags[drawn < horizon][0] for horizon in HORIZONS if (drawn < horizon).any()]
    axes.plot(reached, drawn[reached], "o", color=colour, markersize=5)
