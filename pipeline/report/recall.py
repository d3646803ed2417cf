"""What the models remember of tasks whose floor is known exactly, and how far."""

from collections.abc import Mapping
from typing import Any

from pipeline.report.collect import TaskModel, TaskResults
from pipeline.report.estimates import estimate
from pipeline.report.formats import NONE, percent, pooled
from pipeline.report.parts import Part, Picture, Table
from pipeline.report.words import listed

TITLES = {
    "agreement": "Agreement: was or were",
    "copying": "Copying symbols",
    "adding": "Adding two numbers",
    "reber": "Embedded Reber strings",
}
ASKED = {
    "agreement": (
        "The number of a subject decides a verb many words later; no word in between tells it. A model that has "
        "forgotten the subject can only toss a coin. Attractors are nouns of the other number in between: where they "
        "cost more than distance does, the model confuses rather than forgets."
    ),
    "copying": (
        "Random symbols, many blanks, and the same symbols again. A model that has forgotten them can only guess one "
        "of the alphabet."
    ),
    "adding": (
        "A row of numbers between 0 and 1 of which two are marked; their sum is asked at the end. A model that has "
        "forgotten them can only answer 1, the mean of all sums. An answer is right within 0.04."
    ),
    "reber": (
        "A string of a small grammar whose second symbol comes again as the last but one. A model that has forgotten "
        "it can only toss a coin."
    ),
}
DISTANCES = {"agreement": "words", "copying": "blanks", "adding": "steps", "reber": "symbols"}
"""What lies between what is to be remembered and the answer."""
UNITS = {"bits": "bits", "squared_error": "squared error"}
FLOOR_NOTE = (
    "The floors are exact: no model without memory can cost less than the second, one that remembers all need not cost "
    "more than the first."
)
INTERVALS = "In brackets, the 95 % interval of one seed's share (Wilson); with several seeds ± that of their mean."
UNSEEN = "Distances with a star were in no sequence of the training."


def part(task: TaskResults) -> Part:
    """Right answers by distance, and the cost beside the floors."""
    caption = "Share of right answers by distance."
    if chance(task) is not None:
        caption += " The dotted line is chance."
    tables = [costs(task), by(task, "distance"), by(task, "attractors")]
    return Part(
        TITLES[task.task],
        ASKED[task.task],
        "Memory tasks",
        verdict(task),
        [Picture(f"memory_{task.task}", TITLES[task.task], f"{caption} {_band(task)}")],
        [table for table in tables if table.rows],
    )


def _band(task: TaskResults) -> str:
    if len(task.models[0].seeds) > 1:
        return "Lines are means over seeds, bands reach from the lowest to the highest seed."
    return "Bands are 95 % intervals (Wilson)."


def chance(task: TaskResults) -> float | None:
    """The share of right answers without memory: 2^-bits where all choices are equally likely."""
    return 2.0 ** -task.floor["without"] if task.floor["unit"] == "bits" else None


def costs(task: TaskResults) -> Table:
    """All distances together."""
    unit = UNITS[task.floor["unit"]]
    last = f"95 % right up to ({DISTANCES[task.task]})"
    heads = ["model", "right (%)", f"cost ({unit})", f"floor with memory ({unit})", f"without ({unit})", last]
    return Table(
        [*heads, *_string_heads(task)], [_costs(task, model) for model in task.models], note=f"{FLOOR_NOTE} {INTERVALS}"
    )


def _costs(task: TaskResults, model: TaskModel) -> list[str]:
    floors = [f"{task.floor[key]:.3f}" for key in ("with_memory", "without")]
    seeds = list(model.seeds.values())
    strings = _whole_strings(task, model)
    overall = right([about["overall"] for about in seeds])
    return [model.name, overall, pooled(cost(task, model)), *floors, good(model), *strings]


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


def by(task: TaskResults, key: str) -> Table:
    """Right answers of every model at each distance, or number of attractors."""
    rows = {model.name: at(model, key) for model in task.models}
    values = sorted({value for found in rows.values() for value in found})
    head = f"distance ({DISTANCES[task.task]})" if key == "distance" else "attractors"
    cells = [[_name(task, key, value), *(_cell(rows[m.name], value) for m in task.models)] for value in values]
    note = UNSEEN if any(cell.endswith("*") for cell, *_ in cells) else ""
    if not task.lengths and key == "distance":
        cells = []  # lengths that come as they will are too many, and each too rare: the figure shows them
    return Table([head, *(f"{model.name}: right (%)" for model in task.models)], cells, note=note)


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


def verdict(task: TaskResults) -> str:
    """Who pays less than the floor without memory, and how far each remembers."""
    ends: dict[str, list[str]] = {}
    for model in task.models:
        ends.setdefault(good(model), []).append(model.name)
    far = {end: "at no distance" if end == "none" else f"up to {end} {DISTANCES[task.task]}" for end in ends}
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
