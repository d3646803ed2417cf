"""What the models remember of tasks whose floor is known exactly, and how far."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pipeline.figures import GREY
from pipeline.report.collect import TaskModel, TaskResults
from pipeline.report.curves import blank, draw, legend_beside, styles
from pipeline.report.estimates import estimate
from pipeline.report.formats import NONE, percent, pooled
from pipeline.report.parts import Paragraph, Part, Picture, Row, Table, Verdict
from pipeline.report.words import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEANING = (
    "The cells of the models above, trained anew on tasks that are made by chance, so that the best possible score is "
    "known exactly: what it is with a memory, and what without. All models have the same budget."
)
UNITS = {"bits": "bits", "squared_error": "squared error"}
FLOOR_NOTE = (
    "The floors are exact: no model without memory can cost less than the second, one that remembers all need not cost "
    "more than the first."
)
INTERVALS = "In brackets, the 95 % interval of one seed's share (Wilson); with several seeds ± that of their mean."
UNSEEN = "Distances with a star were in no sequence of the training."


@runtime_checkable
class Words(Protocol):
    """What is said of one task; pipeline/memory has it, beside the tasks."""

    @property
    def title(self) -> str: ...

    @property
    def asked(self) -> str:
        """What has to be remembered, and what a model answers that has forgotten it."""
        ...

    @property
    def distance(self) -> str:
        """What lies between what is to be remembered and the answer, in the plural."""
        ...


def part(task: TaskResults, words: Words) -> Part:
    """Right answers by distance, and the cost beside the floors."""
    said = verdict(task, words)
    caption = "Share of right answers by distance."
    if chance(task) is not None:
        caption += " The dotted line is chance."
    picture = Picture(
        f"memory_{task.task}",
        words.title,
        f"{words.title}. {said}",
        f"{caption} {_band(task)}",
        lambda: drawn(task, words),
    )
    tables = [costs(task, words), by(task, words, "distance"), by(task, words, "attractors")]
    asked = Paragraph(words.asked, formulas="Memory tasks")
    return Part(words.title, [asked, picture, *(table for table in tables if table.rows), Verdict(said)])


def drawn(task: TaskResults, words: Words) -> "Figure":
    """Right answers by distance, with the interval of one seed or the band of several."""
    figure, axes = blank(x=f"distance: {words.distance}", y="right answers (%)")
    look = styles(task.models)
    for model in task.models:
        rows = at(model, "distance")
        shares = {distance: [100 * row["accuracy"] for row in seeds] for distance, seeds in rows.items()}
        draw(axes, shares, label=model.name, **look[model.name])
        if len(model.seeds) == 1:
            low, high = ([100 * seeds[0]["interval"][end] for seeds in rows.values()] for end in (0, 1))
            axes.fill_between(list(rows), low, high, color=look[model.name]["color"], alpha=0.12, linewidth=0)
    if (share := chance(task)) is not None:
        axes.axhline(100 * share, color=GREY, linestyle=":", label="chance")
    if task.lengths:  # these are spaced like powers; lengths that come as they will are near each other
        _space_like_powers(axes, sorted({distance for model in task.models for distance in at(model, "distance")}))
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


def chance(task: TaskResults) -> float | None:
    """The share of right answers without memory: 2^-bits where all choices are equally likely."""
    return 2.0 ** -task.floor["without"] if task.floor["unit"] == "bits" else None


def costs(task: TaskResults, words: Words) -> Table:
    """All distances together."""
    unit = UNITS[task.floor["unit"]]
    last = f"95 % right up to ({words.distance})"
    heads = ["model", "right (%)", f"cost ({unit})", f"floor with memory ({unit})", f"without ({unit})", last]
    return Table(
        [*heads, *_string_heads(task)], [_costs(task, model) for model in task.models], note=f"{FLOOR_NOTE} {INTERVALS}"
    )


def _costs(task: TaskResults, model: TaskModel) -> Row:
    floors = [f"{task.floor[key]:.3f}" for key in ("with_memory", "without")]
    seeds = list(model.seeds.values())
    strings = _whole_strings(task, model)
    overall = right([about["overall"] for about in seeds])
    return Row([model.name, overall, pooled(cost(task, model)), *floors, good(model), *strings])


def _string_heads(task: TaskResults) -> list[str]:
    """Of the task that costs whole strings too, whose floors are those of each seed's own strings."""
    gaps = [strings["without"] - strings["with_memory"] for strings in _strings(task)]
    return [f"whole string, above its floor (bits; {gaps[0]:.3f} without memory)"] if gaps else []


def _whole_strings(task: TaskResults, model: TaskModel) -> list[str]:
    if not _strings(task):
        return []
    costs = [about["strings"] for about in model.seeds.values()]
    return [pooled([cost and cost["bits"] - cost["with_memory"] for cost in costs])]


def _strings(task: TaskResults) -> list[Mapping[str, float]]:
    """What whole strings cost: nothing of a model that sees both sides, which gives them no probability."""
    return [about["strings"] for model in task.models for about in model.seeds.values() if about["strings"]]


def cost(task: TaskResults, model: TaskModel) -> list[float]:
    """The mean cost of an answer, seed by seed."""
    return [about["overall"][task.floor["unit"]] for about in model.seeds.values()]


def good(model: TaskModel) -> str:
    """The last distance up to which 95 % of the answers are right."""
    return pooled([about["largest_length_95"] for about in model.seeds.values()], 0, none="none")


def right(rows: list[Mapping[str, Any]]) -> str:
    """Hundredths of right answers: of one seed with the interval of a share, of several with that of their mean.

    >>> right([{"accuracy": 0.5, "interval": [0.25, 0.75]}])
    '50.0 (25-75)'
    """
    if len(rows) == 1:
        low, high = rows[0]["interval"]
        return f"{100 * rows[0]['accuracy']:.1f} ({100 * low:.0f}-{100 * high:.0f})"
    return percent([row["accuracy"] for row in rows])


def by(task: TaskResults, words: Words, key: str) -> Table:
    """Right answers of every model at each distance, or number of attractors."""
    rows = {model.name: at(model, key) for model in task.models}
    values = sorted({value for found in rows.values() for value in found})
    head = f"distance ({words.distance})" if key == "distance" else "attractors"
    cells = [[_name(task, key, value), *(_cell(rows[m.name], value) for m in task.models)] for value in values]
    note = UNSEEN if any(cell.endswith("*") for cell, *_ in cells) else ""
    if not task.lengths and key == "distance":
        cells = []  # lengths that come as they will are too many, and each too rare: the figure shows them
    return Table([head, *(f"{model.name}: right (%)" for model in task.models)], list(map(Row, cells)), note=note)


def _name(task: TaskResults, key: str, value: int) -> str:
    return f"{value} *" if key == "distance" and value not in task.lengths else str(value)


def _cell(rows: Mapping[int, list[Mapping[str, Any]]], value: int) -> str:
    return right(rows[value]) if value in rows else NONE


def at(model: TaskModel, key: str) -> dict[int, list[Mapping[str, Any]]]:
    """The rows of the seeds at each distance, or number of attractors."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for about in model.seeds.values():
        for row in about[f"by_{key}"]:
            found.setdefault(row[key], []).append(row)
    return dict(sorted(found.items()))


def accuracy(model: TaskModel) -> list[float]:
    """The share of right answers at all distances, seed by seed."""
    return [about["overall"]["accuracy"] for about in model.seeds.values()]


def verdict(task: TaskResults, words: Words) -> str:
    """Who pays less than the floor without memory, and how far each remembers."""
    ends: dict[str, list[str]] = {}
    for model in task.models:
        ends.setdefault(good(model), []).append(model.name)
    far = {end: "at no distance" if end == "none" else f"up to {end} {words.distance}" for end in ends}
    said = listed([f"{far[end]} in {listed(names)}" for end, names in ends.items()])
    return f"{_beside_floor(task)} At least 95 % of the answers are right {said}."


def _beside_floor(task: TaskResults) -> str:
    without = task.floor["without"]
    said = [f"{m.name} {_side(estimate(cost(task, m)).mean, without)} ({pooled(cost(task, m))})" for m in task.models]
    return f"Beside the floor without memory, {without:.3f} {UNITS[task.floor['unit']]} an answer: {listed(said)}."


def _side(mean: float, floor: float) -> str:
    """
    >>> _side(0.5, 1.0), _side(1.0, 1.0), _side(1.2, 1.0)
    ('pays less', 'pays as much', 'pays more')
    """
    difference = round(mean - floor, 3)
    return "pays as much" if difference == 0 else "pays less" if difference < 0 else "pays more"
