"""What the gradient can see, beside what the model uses of it."""

from statistics import fmean
from typing import TYPE_CHECKING

from pipeline.figures import GREY
from pipeline.report.collect import LevelResults, ModelResults
from pipeline.report.curves import blank, draw, legend_beside, styles
from pipeline.report.formats import pooled, within
from pipeline.report.parts import Paragraph, Part, Picture, Row, Table, Verdict
from pipeline.report.words import band, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEANING = (
    "A gradient that reaches far says that a token could be heard, not that it was. So the text before one step is cut "
    "to its last tokens, or everything before these is put in random order, and the loss is measured again. What a cut "
    "costs, the model has used; what a shuffle costs, it has used in its order. The effective context is the fewest "
    "tokens that bring the loss to within 1 % of that with all of them."
)


def part(level: LevelResults) -> Part:
    """Loss by context and the gradient's horizon, in one figure and one table."""
    said, title = verdict(level), "Loss by context"
    caption = (
        "Loss with the last tokens alone, less the loss with the whole context; the dashed lines stand at the 1 % "
        "horizon of each model's gradient, where it was reached."
    )
    picture = Picture(f"context_{level.level}", title, f"{title}. {said}", caption + band(level), lambda: drawn(level))
    blocks = [Paragraph(MEANING, formulas="Loss by context"), picture, table(level), Verdict(said)]
    return Part("What the gradient can see, and what the model uses", blocks)


def drawn(level: LevelResults) -> "Figure":
    """The loss above that with the whole context, and where the gradient's horizon is."""
    figure, axes = blank(x="tokens of context that are left", y="nats per token above the whole context")
    look = styles(level.models)
    for model in level.models:
        draw(axes, excess(model), label=model.name, **look[model.name])
        reached = [lag for lag in horizon(model) if lag is not None]
        if len(reached) == len(model.seeds):
            axes.axvline(fmean(reached), color=look[model.name]["color"], linestyle="--", linewidth=1.2)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.plot([], [], color=GREY, linestyle="--", linewidth=1.2, label="1 % horizon of the gradient")
    legend_beside(figure)
    return figure


def excess(model: ModelResults) -> dict[int, list[float]]:
    """Nats per token above the loss with the whole context, by tokens of context, seed by seed."""
    found: dict[int, list[float]] = {}
    for record in model.records("gradients"):
        for row in record.history:
            if "context/cut" in row.metrics:
                above = row.metrics["context/cut"] - record.metrics["context/full"]
                found.setdefault(row.step, []).append(above)
    return found


def horizon(model: ModelResults) -> list[float | None]:
    """The gradient's, of 1 %, after training."""
    return model.values("gradients", "trained/horizon_1pct")


def effective(model: ModelResults, kind: str) -> list[float | None]:
    """The effective context by the cut or the shuffle, in tokens."""
    return model.values("gradients", f"context/effective_context_{kind}")


def table(level: LevelResults) -> Table:
    """Reach beside use."""
    used = [f"effective context, {kind} (tokens)" for kind in ("cut", "shuffled")]
    heads = ["model", "loss, whole context (nats per token)", "1 % horizon (steps)", *used]
    return Table(heads, [_row(model) for model in level.models])


def _row(model: ModelResults) -> Row:
    full = pooled(model.values("gradients", "context/full"))
    used = [within(effective(model, kind), max(excess(model))) for kind in ("cut", "shuffled")]
    return Row([model.name, full, within(horizon(model), model.max_lag), *used])


def verdict(level: LevelResults) -> str:
    """Of which models the reach is not used, and of which more is used than the mean gradient shows."""
    further = [model.name for model in level.models if _reach(model) > _use(model)]
    nearer = [model.name for model in level.models if _reach(model) < _use(model)]
    even = [model.name for model in level.models if _reach(model) == _use(model)]
    sentences = []
    if further:
        sentences.append(f"In {listed(further)} the gradient reaches further than the context that is used.")
    if nearer:
        sentences.append(f"In {listed(nearer)} more context is used than the mean gradient reaches.")
    if even:
        sentences.append(f"In {listed(even)} the two are equal, or both beyond what was measured.")
    return " ".join(sentences)


def _reach(model: ModelResults) -> float:
    return _mean(horizon(model))


def _use(model: ModelResults) -> float:
    return _mean(effective(model, "cut"))


def _mean(values: list[float | None]) -> float:
    """Over seeds; endless where one of them lies beyond what was measured."""
    return fmean(float("inf") if value is None else value for value in values)
