"""How far the gradient reaches: its verdict with the measures behind it, and where they disagree."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.figures import GREY, log_gradients
from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults, Weights
from pipeline.report.curves import FAINT, blank, draw, legend_beside, styles
from pipeline.report.formats import NONE, pooled, within
from pipeline.report.parts import Block, Findings, Paragraph, Part, Picture, Row, Table, Verdict
from pipeline.report.words import band, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HORIZONS = {"10pct": "10 %", "1pct": "1 %", "0.1pct": "0.1 %"}
MEANING = (
    "The loss at one step depends on the state of the network some steps before; how strongly is the norm of its "
    "gradient at that lag. Where the curve has fallen below 1 % it has vanished: what stands so far back is drowned by "
    "what is near, and training hardly learns from it. Where it grows past 10 times its first value it explodes; "
    "otherwise it holds. Of a model that sees both sides, this is the half that reads from the left."
)
FADING_NOTE = (
    "Before and after training. A horizon is the lag at which the curve is first below that share of its first value; "
    "> stands for a lag beyond those that were measured. The half-life is that of a fitted exponential, R² how well it "
    "fits (1: exactly); a dash stands where the fit does not fall."
)
RATES_NOTE = (
    "The same question put to the Jacobian, the matrix by which a step multiplies a small change of the state. λ₁: the "
    "rate at which the change that lasts longest grows, below 0 where it fades. Stretch: the most by which a step "
    "stretches a change, on average over the steps of the longest product; below 1 every gradient fades. "
    "Bound: the same from recurrent weights and mean slope of the units, layer by layer; a gated cell has none. "
    "Ω: how unlike the gradient is from step to step, 0 where it stays the same."
)


def part(level: LevelResults) -> Part:
    """The curve of every model, in one figure."""
    said, found = verdict(level), list(findings(level))
    title = "Gradient against lag"
    caption = (
        "Norm of the gradient of the loss at one step with respect to the state so many steps before, relative to "
        "lag 0: solid after training, faint and dashed before; the dotted line is 1 %."
    )
    curves = Picture(f"gradients_{level.level}", title, f"{title}. {said}", caption + band(level), lambda: drawn(level))
    disagreements: list[Block] = [Findings(found)] if found else []
    blocks = [curves, fading(level), rates(level), *disagreements, Verdict(said)]
    return Part("How far the gradient reaches", [Paragraph(MEANING, formulas="Gradient by lag"), *blocks])


def drawn(level: LevelResults) -> "Figure":
    """The curve of every model, before and after training."""
    figure, axes = blank(x="lag: steps back in time", y="norm of the gradient, relative to lag 0")
    look = styles(level.models)
    for model in level.models:
        every = max(1, len(model.curve("gradients", "gradient/trained")) // 10)
        line: dict[str, Any] = {**look[model.name], "markevery": every}
        draw(axes, model.curve("gradients", "gradient/trained"), label=model.name, **line)
        draw(axes, model.curve("gradients", "gradient/initial"), linestyle="--", **FAINT, **line)
    axes.axhline(0.01, color=GREY, linestyle=":", linewidth=1.2)
    log_gradients(axes)
    axes.plot([], [], color=GREY, linestyle="--", alpha=FAINT["alpha"], label="before training")
    legend_beside(figure)
    return figure


def fading(level: LevelResults) -> Table:
    """Verdict, fit and horizons of each model before and after training."""
    horizons = [f"{share} horizon (steps)" for share in HORIZONS.values()]
    heads = ["model", "training", "verdict", "half-life (steps)", "R²", *horizons]
    return Table(heads, [_fading(m, w) for m in level.models for w in WEIGHTS], names=3, note=FADING_NOTE)


def _fading(model: ModelResults, weights: Weights) -> Row:
    half_life = pooled(model.values("gradients", f"{weights}/half_life"), 1)
    r_squared = pooled(model.values("gradients", f"{weights}/r_squared"), 2)
    horizons = [within(model.values("gradients", f"{weights}/horizon_{share}"), model.max_lag) for share in HORIZONS]
    return Row([model.name, WEIGHTS[weights], says(model, weights), half_life, r_squared, *horizons])


def rates(level: LevelResults) -> Table:
    """What the Jacobians, Pascanu's bound and Omega say."""
    heads = ["model", "training", "λ₁ (nats a step)", "stretch (a step)", "bound (a step)", "Ω"]
    return Table(heads, [_rates(m, w) for m in level.models for w in WEIGHTS], names=2, note=RATES_NOTE)


def _rates(model: ModelResults, weights: Weights) -> Row:
    def cell(key: str, decimals: int, none: str = NONE) -> str:
        return pooled(model.values("gradients", f"{weights}/{key}"), decimals, none)

    layers = range(1, int(str(model.params["model.num_layers"])) + 1)
    bounds = [shown for layer in layers if (shown := cell(f"layer_{layer}/bound_mean", 2)) != NONE]
    rest = [cell("lyapunov_1", 3, "-inf"), cell("product_sigma_max_root", 3), " / ".join(bounds) or NONE]
    return Row([model.name, WEIGHTS[weights], *rest, cell("omega_paper_sum", 2)])


def says(model: ModelResults, weights: Weights) -> str:
    """The verdict in words; where the seeds differ, how many say what."""
    verdicts = [seed.verdicts[weights] for seed in model.seeds]
    said = Counter(verdict["says"] for verdict in verdicts)
    if len(said) > 1:
        return listed([f"{word} in {times} of {len(verdicts)} seeds" for word, times in said.items()])
    word = verdicts[0]["says"]
    from_lag = [verdict["from_lag"] for verdict in verdicts]
    return f"{word} up to lag {model.max_lag}" if None in from_lag else f"{word} from lag {within(from_lag, 0)} on"


def findings(level: LevelResults) -> Iterator[tuple[str, str]]:
    """Every disagreement of every network, with the network's name."""
    for model in level.models:
        for weights, when in WEIGHTS.items():
            for seed in model.seeds:
                if found := seed.verdicts[weights]["findings"]:
                    which = f", seed {seed.seed}" if len(model.seeds) > 1 else ""
                    yield f"{model.name}, {when} training{which}", " ".join(found)


def verdict(level: LevelResults) -> str:
    """What becomes of the gradient of every model, and on which the measures disagree."""
    said = listed([f"in {model.name} it {says(model, 'trained')}" for model in level.models])
    return f"What becomes of the gradient after training: {said}. {_agreement(level)}"


def _agreement(level: LevelResults) -> str:
    split = [m.name for m in level.models if not all(seed.verdicts["trained"]["agree"] for seed in m.seeds)]
    if not split:
        return "The other measures say nothing against it."
    return f"Not all measures agree on {listed(split)}: the sentences above say which does not."
