"""The gradient layer by layer, on the side that reads from the right, and at the checkpoints of the training."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults
from pipeline.report.formats import pooled, within
from pipeline.report.parts import Paragraph, Part, Row, Table, Verdict
from pipeline.report.words import listed

MEANING = (
    "A stack of layers remembers at several heights: layer 1 reads the tokens, the last one feeds the prediction. A "
    "model that sees both sides has a second network that reads from the right. Each has a curve of its own. And a "
    "reach is learned: the checkpoints say when."
)
PARTS_NOTE = "Layers are those of the side that reads from the left; all of their state counts."

Curves = list[Mapping[str, Any]]
Lags = list[int | None]
"""One a seed; None where it lies beyond K."""


def part(level: LevelResults) -> Part:
    """Tables of what there is: a plain model of one layer has no rows here."""
    tables = [table for table in (parts(level), checkpoints(level)) if table.rows]
    meaning = Paragraph(MEANING, formulas="Gradient by lag")
    return Part("Layer by layer, and while training", [meaning, *tables, Verdict(verdict(level))])


def parts(level: LevelResults) -> Table:
    """Half-life and 1 % horizon of each layer and of the right side, before and after training."""
    both = [f"{what}, {when} (steps)" for what in ("half-life", "1 % horizon") for when in WEIGHTS.values()]
    heads = ["model", "part", *both]
    rows = [_row(model, name, before_after) for model in level.models for name, before_after in curves(model)]
    return Table(heads, rows, names=2, note=PARTS_NOTE)


def curves(model: ModelResults) -> Iterator[tuple[str, Sequence[Curves]]]:
    """What the model has beside its joint state on the left: name, and the seeds' curves before and after training."""
    for key in sorted(key for key in model.seeds[0].by_lag["trained"] if key.startswith("layer_")):
        yield key.replace("_", " "), [[seed.by_lag[weights][key] for seed in model.seeds] for weights in WEIGHTS]
    if model.is_cloze:
        right = [[seed.by_lag[weights]["right"]["joint"] for seed in model.seeds] for weights in WEIGHTS]
        yield "the right side", right


def _row(model: ModelResults, name: str, before_after: Sequence[Curves]) -> Row:
    half_lives = [pooled([curve["half_life"] for curve in curves], 1) for curves in before_after]
    horizons = [within(horizons_of(curves), model.max_lag) for curves in before_after]
    return Row([model.name, name, *half_lives, *horizons])


def horizons_of(curves: Curves) -> Lags:
    """The 1 % horizon, seed by seed."""
    return [curve["horizons"]["1pct"] for curve in curves]


def checkpoints(level: LevelResults) -> Table:
    """The 1 % horizon of every model at each step of the training at which its weights were kept."""
    heads = ["optimiser step", *(f"{model.name}: 1 % horizon (steps)" for model in level.models)]
    seen = {model.name: by_step(model) for model in level.models}
    steps = sorted({step for found in seen.values() for step in found})
    rows = [Row([f"{step:,}", *(_at(seen[m.name].get(step), m.max_lag) for m in level.models)]) for step in steps]
    return Table(heads, rows)


def by_step(model: ModelResults) -> dict[int, Lags]:
    """The 1 % horizon of the seeds at each checkpoint."""
    found: dict[int, Lags] = {}
    for seed in model.seeds:
        for checkpoint in seed.by_lag["while_training"]:
            found.setdefault(checkpoint["step"], []).append(checkpoint["horizons"]["1pct"])
    return found


def _at(values: Lags | None, max_lag: int) -> str:
    return "-" if values is None else within(values, max_lag)


def verdict(level: LevelResults) -> str:
    """Which part reaches furthest, and how the reach of each model changed."""
    furthest = [_furthest(model) for model in level.models if list(curves(model))]
    if not furthest:
        furthest = ["Every selected model has one layer and reads from the left alone: there are no parts to compare."]
    changes = [_change(model) for model in level.models if len(by_step(model)) > 1]
    sentence = f"From the first checkpoint to the last, the 1 % horizon went {listed(changes)}." if changes else ""
    return " ".join([*furthest, sentence]).strip()


def _furthest(model: ModelResults) -> str:
    """The order of the parts after training; a horizon beyond K counts as the furthest."""
    ends = {name: horizons_of(before_after[1]) for name, before_after in curves(model)}
    order = sorted(ends, key=lambda name: -sum(model.max_lag + 1 if h is None else h for h in ends[name]))
    lags = listed([f"at lag {within(ends[name], model.max_lag)} in {name}" for name in order])
    return f"After training, the gradient of {model.name} falls below 1 % {lags}."


def _change(model: ModelResults) -> str:
    steps = by_step(model)
    first, last = (within(steps[step], model.max_lag) for step in (min(steps), max(steps)))
    return f"from {first} to {last} in {model.name}"
