"""What the models remember at tasks that ask for something at a known distance, and how far."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline.figures import GREY
from pipeline.report.curves import blank, draw, legend_beside, styles
from pipeline.report.estimates import estimate
from pipeline.report.formats import pooled
from pipeline.report.parts import Block, Paragraph, Picture, Row, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.report.words import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNITS = {"bits": "bits", "squared_error": "squared error"}
WITHOUT_MEMORY = "without memory"
"""The name of the baseline."""


def blocks(task: TaskResults, title: str, distance: str) -> Sequence[Block]:
    """Right answers by distance, and how far each model remembers.

    Args:
        distance: what is between a cue and its answer, in the plural.
    """
    said = verdict(task, distance)
    caption = f"Share of right answers by distance. The dotted line is chance. {_band(task)}{_unseen(task, distance)}"
    picture = Picture(
        f"memory_{task.task}", title, f"{title}. {said}", caption, lambda: drawn(task, f"distance: {distance}")
    )
    return [Paragraph(said), picture, reach(task, distance)]


def drawn(task: TaskResults, x: str) -> "Figure":
    """Right answers by distance, with the interval of one seed or the band of several."""
    figure, axes = blank(x=x, y="right answers (%)")
    look = styles(task.models)
    for model in task.models:
        rows = model.rows("distance")
        shares = {distance: [100 * row["accuracy"] for row in seeds] for distance, seeds in rows.items()}
        draw(axes, shares, label=model.name, **look[model.name])
        if len(model.seeds) == 1:
            low, high = ([100 * seeds[0][f"accuracy_{end}"] for seeds in rows.values()] for end in ("low", "high"))
            axes.fill_between(list(rows), low, high, color=look[model.name]["color"], alpha=0.12, linewidth=0)
    axes.axhline(100 * guessed(task)["accuracy"], color=GREY, linestyle=":", label="chance")
    if _lengths(task, "lengths"):  # these are spaced like powers; lengths that are not given are near each other
        _space_like_powers(axes, sorted({distance for model in task.models for distance in model.rows("distance")}))
    axes.set_ylim(0, 103)
    legend_beside(figure)
    return figure


def _space_like_powers(axes: "Axes", distances: list[int]) -> None:
    axes.set_xscale("symlog", base=2, linthresh=1)
    axes.set_xticks(distances, list(map(str, distances)))
    axes.minorticks_off()
    axes.set_xlim(left=distances[0] - 0.25)


def _band(task: TaskResults) -> str:
    if len(task.models[0].seeds) > 1:
        return "Lines are means over seeds, bands reach from the lowest to the highest seed."
    return "Bands are 95 % intervals (Wilson)."


def _unseen(task: TaskResults, distance: str) -> str:
    if not _lengths(task, "unseen_lengths"):
        return ""
    return f" More than {_lengths(task, 'lengths')[-1]} {distance} were in no training example."


def _lengths(task: TaskResults, key: str) -> list[int]:
    """None where lengths are not given. A record holds a list as JSON."""
    return json.loads(task.params.get(key, "[]"))


def guessed(task: TaskResults) -> Mapping[str, float]:
    """The scores without memory, by measure."""
    (scores,) = (of["scores"]["test"] for of in task.baselines if of["name"] == WITHOUT_MEMORY)
    return {name: measure["value"] for name, measure in scores.items()}


def reach(task: TaskResults, distance: str) -> Table:
    """The largest distance with 95 % right answers, and what whole strings cost."""
    strings = [strings for model in task.models for strings in _strings(model) if strings]
    heads = ["model", f"95 % right up to ({distance})"]
    if strings:
        gap = strings[0]["without"] - strings[0]["with_memory"]
        heads.append(f"whole string, above the optimum (bits; {gap:.3f} without memory)")
    rows = [Row([model.name, good(model), *([_whole_string(model)] if strings else [])]) for model in task.models]
    return Table(heads, rows)


def _strings(model: TaskModelResults) -> list[Mapping[str, float] | None]:
    """What whole strings cost, seed by seed; a cloze model gives them no probability."""
    return [scores["details"].get("strings") for scores in model.seeds.values()]


def _whole_string(model: TaskModelResults) -> str:
    return pooled([strings["bits"] - strings["with_memory"] if strings else None for strings in _strings(model)])


def good(model: TaskModelResults) -> str:
    """The last distance up to which 95 % of the answers are right."""
    return pooled([scores["details"]["largest_length_95"] for scores in model.seeds.values()], 0, none="none")


def verdict(task: TaskResults, distance: str) -> str:
    """Which models pay less than the best guess without memory, and how far each remembers."""
    ends: dict[str, list[str]] = {}
    for model in task.models:
        ends.setdefault(good(model), []).append(model.name)
    far = {end: "at no distance" if end == "none" else f"up to {end} {distance}" for end in ends}
    said = listed([f"{far[end]} in {listed(names)}" for end, names in ends.items()])
    return f"{_beside_guess(task)} At least 95 % of the answers are right {said}."


def _beside_guess(task: TaskResults) -> str:
    scores = guessed(task)
    (unit,) = (name for name in scores if name in UNITS)
    costs = {m.name: [of["test"][unit]["value"] for of in m.seeds.values()] for m in task.models}
    said = [f"{m} {_side(estimate(cost).mean, scores[unit])} ({pooled(cost)})" for m, cost in costs.items()]
    return f"The best guess without memory costs {scores[unit]:.3f} {UNITS[unit]} an answer: {listed(said)}."


def _side(mean: float, guess: float) -> str:
    """
    >>> _side(0.5, 1.0), _side(1.0, 1.0), _side(1.2, 1.0)
    ('pays less', 'pays as much', 'pays more')
    """
    difference = round(mean - guess, 3)
    return "pays as much" if difference == 0 else "pays less" if difference < 0 else "pays more"
