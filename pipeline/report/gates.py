"""What the gates keep of the state, before and after training."""

from typing import TYPE_CHECKING, Any

from pipeline.figures import log_gradients
from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults, Weights
from pipeline.report.curves import FAINT, blank, draw, legend_beside, styles
from pipeline.report.estimates import Estimate
from pipeline.report.formats import number, percent, pooled
from pipeline.report.parts import Paragraph, Part, Picture, Row, Table, Verdict
from pipeline.report.words import band, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAYERS = ("-", "--", ":", "-.")

MEANING = (
    "A gated cell decides at every step, unit by unit, which share of its state it keeps: the forget gate of the LSTM, "
    "the update gate of the GRU. A share of 0.5 is forgotten in 2 steps, 0.99 in 100; that is the time constant, the "
    "steps in which the state fades to 37 %. The product of the shares over k steps is what is left of the state after "
    "them, and of a gradient that goes through the gates alone."
)
NOTE = (
    "Over units and places of the text; the time constant is that of the mean share. A few units that keep for long "
    "are enough for a long memory, so the share of the gates that are nearly open (above 0.9) counts too."
)


def part(level: LevelResults) -> Part:
    """Without a gated model, the part says so and shows nothing."""
    gated = [model for model in level.models if layers(model)]
    title, meaning = "What the gates keep", Paragraph(MEANING, formulas="Gates")
    if not gated:
        verdict = "No selected model has gates: a plain cell overwrites its state at every step."
        return Part(title, [meaning, Verdict(verdict)])
    verdict = changes(gated)
    caption = (
        "Mean product of the kept shares over so many steps back, layer by layer: after training in full ink, "
        "faint before."
    )
    picture = Picture(f"gates_{level.level}", title, f"{title}. {verdict}", caption + band(level), lambda: drawn(level))
    return Part(title, [meaning, picture, table(gated), Verdict(verdict)])


def drawn(level: LevelResults) -> "Figure":
    """The mean product of the kept shares, a line a layer."""
    figure, axes = blank(x="lag: steps back in time", y="mean product of the shares kept")
    look = styles(level.models)
    for model in level.models:
        for layer in (found := layers(model)):
            label = f"{model.name}, layer {layer}" if len(found) > 1 else model.name
            line: dict[str, Any] = {"color": look[model.name]["color"], "linestyle": LAYERS[(layer - 1) % len(LAYERS)]}
            for weights in WEIGHTS:
                shown = {"label": label} if weights == "trained" else FAINT
                draw(axes, model.curve("gradients", f"gate/{weights}_product_layer_{layer}"), **line, **shown)
    log_gradients(axes)
    legend_beside(figure)
    return figure


def layers(model: ModelResults) -> list[int]:
    """The numbers of the layers that have gates."""
    numbers, found = range(1, int(str(model.params["model.num_layers"])) + 1), model.numbers("gradients")
    return [layer for layer in numbers if f"trained/layer_{layer}/gate_mean" in found]


def table(gated: list[ModelResults]) -> Table:
    """One row a layer; every number before and after training."""
    heads = ["mean share kept (%)", "gates above 0.9 (%)", "gates below 0.1 (%)", "time constant (steps)"]
    rows = [_row(model, layer, weights) for model in gated for layer in layers(model) for weights in WEIGHTS]
    return Table(["model", "layer", "training", *heads], rows, names=3, note=NOTE)


def _row(model: ModelResults, layer: int, weights: Weights) -> Row:
    shares = [percent(gate(model, layer, weights, key)) for key in ("mean", "share_above_0.9", "share_below_0.1")]
    return Row([model.name, str(layer), WEIGHTS[weights], *shares, _time(model, layer, weights)])


def gate(model: ModelResults, layer: int, weights: Weights, key: str) -> list[float | None]:
    """One number of a layer's gates, seed by seed."""
    return model.values("gradients", f"{weights}/layer_{layer}/gate_{key}")


def _time(model: ModelResults, layer: int, weights: Weights) -> str:
    return pooled(gate(model, layer, weights, "time_constant"), 1, none="∞")


def changes(gated: list[ModelResults]) -> str:
    """How training moved the time constants, and where the most gates are nearly open."""
    both = [(model, layer) for model in gated for layer in layers(model)]
    moved = listed([f"from {_time(*of, 'initial')} to {_time(*of, 'trained')} in {_which(*of)}" for of in both])
    most = max(both, key=lambda of: _nearly_open(*of).mean)
    share = number(_nearly_open(*most), 2)
    return (
        f"Training moved the time constant, in steps, {moved}. "
        f"The share of gates that keep more than 0.9 is now greatest in {_which(*most)}: {share}."
    )


def _which(model: ModelResults, layer: int) -> str:
    return f"layer {layer} of {model.name}" if len(layers(model)) > 1 else model.name


def _nearly_open(model: ModelResults, layer: int) -> Estimate:
    return model.numbers("gradients")[f"trained/layer_{layer}/gate_share_above_0.9"]
