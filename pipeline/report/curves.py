"""Curves of all models over each other: the look that every figure of the report has, and its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pipeline.figures import GREY, INK, PALETTE, panels, save_png, save_svg
from pipeline.report.collect import ModelResults
from pipeline.report.parts import Picture
from pipeline.report.task_results import TaskModelResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"
FAINT: dict[str, Any] = {"alpha": 0.35}
"""Of what was before the training."""
_LOOK: dict[Any, Any] = {
    "axes.grid": True,
    "grid.alpha": 0.25,
    "grid.color": GREY,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}

Style = dict[str, str]


def write_figures(pictures: Sequence[Picture], out: Path) -> list[str]:
    """Write every figure as NAME.svg, for the report, and NAME.png, for a README; returns the file names, sorted."""
    from matplotlib import rc_context

    with rc_context(_LOOK):
        for picture in pictures:
            figure = picture.draw()
            save_png(figure, out / f"{picture.name}.png", dpi=144)
            save_svg(figure, out / f"{picture.name}.svg")
    return sorted(f"{picture.name}.{kind}" for picture in pictures for kind in ("png", "svg"))


def styles(models: Sequence[ModelResults | TaskModelResults]) -> dict[str, Style]:
    """Colour and marker of each model by its place in `run.models`: the same in all figures, 42 different ones."""
    return {
        model.name: {"color": PALETTE[i % len(PALETTE)], "marker": MARKERS[i % len(MARKERS)]}
        for i, model in enumerate(models)
    }


def blank(x: str, y: str) -> tuple["Figure", "Axes"]:
    """A figure with nothing but its axes."""
    figure, (axes,) = panels(1, 7.2, 4.0)
    axes.set(xlabel=x, ylabel=y)
    axes.locator_params(axis="x", integer=True)
    return figure, axes


def draw(axes: "Axes", curve: Mapping[int, Sequence[float]], **line: Any) -> None:
    """The mean over seeds, in a band from the lowest to the highest seed."""
    steps = list(curve)
    axes.plot(steps, [fmean(values) for values in curve.values()], **line)
    lowest, highest = [min(values) for values in curve.values()], [max(values) for values in curve.values()]
    if lowest != highest:
        axes.fill_between(steps, lowest, highest, color=line["color"], alpha=0.18, linewidth=0)


def legend_beside(figure: "Figure") -> None:
    """For figures no corner of which is always free of curves."""
    figure.legend(loc="outside right upper", fontsize="small", handlelength=3)  # long enough for dashes
