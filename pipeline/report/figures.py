"""The figures: all models of a level, or of a memory task, over each other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pipeline.figures import GREY, INK, PALETTE, log_gradients, panels, save_png, save_svg
from pipeline.report import context, gates, recall
from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults, Results, TaskModel, TaskResults

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX"
FAINT: dict[str, Any] = {"alpha": 0.35}
"""Of what was before the training."""
LAYERS = ("-", "--", ":", "-.")
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


def write_figures(results: Results, out: Path) -> list[str]:
    """Write every figure as NAME.svg, for the report, and NAME.png, for a README; returns the file names."""
    from matplotlib import rc_context

    with rc_context(_LOOK):
        figures = {name: figure for level in results.levels for name, figure in _of_level(level).items()}
        figures |= {f"memory_{task.task}": _memory(task) for task in results.tasks}
        for name, figure in figures.items():
            save_png(figure, out / f"{name}.png", dpi=144)
            save_svg(figure, out / f"{name}.svg")
    return [f"{name}.{kind}" for name in figures for kind in ("png", "svg")]


def styles(models: Sequence[ModelResults | TaskModel]) -> dict[str, Style]:
    """Colour and marker of each model by its place in `run.models`: the same in all figures, 42 different ones."""
    return {
        model.name: {"color": PALETTE[i % len(PALETTE)], "marker": MARKERS[i % len(MARKERS)]}
        for i, model in enumerate(models)
    }


def _of_level(level: LevelResults) -> dict[str, "Figure"]:
    figures = {f"gradients_{level.level}": _gradients(level), f"context_{level.level}": _context(level)}
    if any(gates.layers(model) for model in level.models):
        figures[f"gates_{level.level}"] = _gates(level)
    if level.language_models:
        figures[f"learning_{level.level}"] = _learning(level, level.language_models, "bits per character")
        _floor_line(figures[f"learning_{level.level}"].axes[0], level)
    if level.cloze_models:
        figures[f"cloze_{level.level}"] = _learning(level, level.cloze_models, "pseudo bits per character")
    return figures


def _learning(level: LevelResults, models: Sequence[ModelResults], measure: str) -> "Figure":
    figure, axes = _blank(x="optimiser steps", y=f"{measure}, validation text")
    look = styles(level.models)
    for model in models:
        curve = model.curve("train", "validation/bits_per_char")
        _draw(axes, curve, label=model.name, **look[model.name])
    axes.set_xlim(left=0)
    axes.legend()
    return figure


def _floor_line(axes: "Axes", level: LevelResults) -> None:
    floor = level.best_order
    axes.axhline(floor["validation"]["bits_per_char"], color=GREY, linestyle=":", label=f"{floor['name']} floor")
    axes.legend()


def _gradients(level: LevelResults) -> "Figure":
    figure, axes = _blank(x="lag: steps back in time", y="norm of the gradient, relative to lag 0")
    look = styles(level.models)
    for model in level.models:
        every = max(1, len(model.curve("gradients", "gradient/trained")) // 10)
        line: dict[str, Any] = {**look[model.name], "markevery": every}
        _draw(axes, model.curve("gradients", "gradient/trained"), label=model.name, **line)
        _draw(axes, model.curve("gradients", "gradient/initial"), linestyle="--", **FAINT, **line)
    axes.axhline(0.01, color=GREY, linestyle=":", linewidth=1.2)
    log_gradients(axes)
    axes.plot([], [], color=GREY, linestyle="--", alpha=FAINT["alpha"], label="before training")
    _legend_beside(figure)
    return figure


def _legend_beside(figure: "Figure") -> None:
    """No corner of these figures is always free of curves."""
    figure.legend(loc="outside right upper", fontsize="small")


def _gates(level: LevelResults) -> "Figure":
    figure, axes = _blank(x="lag: steps back in time", y="mean product of the shares kept")
    look = styles(level.models)
    for model in level.models:
        for layer in (found := gates.layers(model)):
            label = f"{model.name}, layer {layer}" if len(found) > 1 else model.name
            line: dict[str, Any] = {"color": look[model.name]["color"], "linestyle": LAYERS[(layer - 1) % len(LAYERS)]}
            for weights in WEIGHTS:
                shown = {"label": label} if weights == "trained" else FAINT
                _draw(axes, model.curve("gradients", f"gate/{weights}_product_layer_{layer}"), **line, **shown)
    log_gradients(axes)
    _legend_beside(figure)
    return figure


def _context(level: LevelResults) -> "Figure":
    figure, axes = _blank(x="tokens of context that are left", y="nats per token above the whole context")
    look = styles(level.models)
    for model in level.models:
        _draw(axes, context.excess(model), label=model.name, **look[model.name])
        reached = [lag for lag in context.horizon(model) if lag is not None]
        if len(reached) == len(model.seeds):
            axes.axvline(fmean(reached), color=look[model.name]["color"], linestyle="--", linewidth=1.2)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.plot([], [], color=GREY, linestyle="--", linewidth=1.2, label="1 % horizon of the gradient")
    _legend_beside(figure)
    return figure


def _memory(task: TaskResults) -> "Figure":
    figure, axes = _blank(x=f"distance: {recall.DISTANCES[task.task]}", y="right answers (%)")
    look = styles(task.models)
    for model in task.models:
        rows = recall.at(model, "distance")
        shares = {distance: [100 * row["accuracy"] for row in seeds] for distance, seeds in rows.items()}
        _draw(axes, shares, label=model.name, **look[model.name])
        if len(model.seeds) == 1:
            low, high = ([100 * seeds[0]["interval"][end] for seeds in rows.values()] for end in (0, 1))
            axes.fill_between(list(rows), low, high, color=look[model.name]["color"], alpha=0.12, linewidth=0)
    if (chance := recall.chance(task)) is not None:
        axes.axhline(100 * chance, color=GREY, linestyle=":", label="chance")
    if task.lengths:  # these are spaced like powers; lengths that come as they will are near each other
        axes.set_xscale("symlog", base=2, linthresh=1)
        distances = sorted({distance for model in task.models for distance in recall.at(model, "distance")})
        axes.set_xticks(distances, list(map(str, distances)))
        axes.minorticks_off()
        axes.set_xlim(left=distances[0] - 0.25)
    axes.set_ylim(0, 103)
    _legend_beside(figure)
    return figure


def _draw(axes: "Axes", curve: Mapping[int, Sequence[float]], **line: Any) -> None:
    """The mean over seeds, in a band from the lowest to the highest seed."""
    steps = list(curve)
    axes.plot(steps, [fmean(values) for values in curve.values()], **line)
    lowest, highest = [min(values) for values in curve.values()], [max(values) for values in curve.values()]
    if lowest != highest:
        axes.fill_between(steps, lowest, highest, color=line["color"], alpha=0.18, linewidth=0)


def _blank(x: str, y: str) -> tuple["Figure", "Axes"]:
    figure, (axes,) = panels(1, 7.2, 4.0)
    axes.set(xlabel=x, ylabel=y)
    axes.locator_params(axis="x", integer=True)
    return figure, axes
