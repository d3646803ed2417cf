"""Exploding gradients: what the optimiser met, which models explode, and what clipping does."""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from pipeline.report.collect import WEIGHTS, LevelResults, ModelResults
from pipeline.report.formats import percent, pooled
from pipeline.report.parts import Paragraph, Part, Row, Table, Verdict
from pipeline.report.words import listed

LIMIT = "model.max_grad_norm"
OPTIMISER = "norm before clipping"
"""The measure of verdicts.json that looks at the training's own gradients."""
BITS = "bits_per_char"
MEANING = (
    "Before each step of the training, the gradient by all weights is as long as the table says; one that is longer "
    "than the limit is scaled down to it. A few steps far longer than the typical one (99th percentile above median) "
    "are what clipping is for; if most steps are clipped, the limit sets the length of every step instead of the loss."
)
NORMS = {"mean": "mean norm", "p99": "99th percentile", "max": "greatest"}


def part(level: LevelResults) -> Part:
    """The norms of all models; the comparison only where two models differ in the limit alone."""
    found = list(pairs(level))
    tables = [norms(level), *([compared(found)] if found else [])]
    verdict = " ".join([explosions(level), *(_difference(*pair) for pair in found)])
    meaning = Paragraph(MEANING, formulas="Explosion: the norm before clipping")
    return Part("Exploding gradients, and clipping", [meaning, *tables, Verdict(verdict)])


def norms(level: LevelResults) -> Table:
    """What each training met, before clipping."""
    heads = ["model", "limit", *NORMS.values(), "99th percentile / median", "steps clipped (%)", "steps not finite"]
    return Table(heads, [_row(model) for model in level.models])


def _row(model: ModelResults) -> Row:
    clipped = percent(model.values("train", "grad_norm/share_clipped"))
    lost = pooled(model.values("train", "grad_norm/nonfinite_steps"), 0)
    return Row([model.name, limit(model), *_norms(model), pooled(_spikes(model), 1), clipped, lost])


def _norms(model: ModelResults) -> list[str]:
    return [pooled(model.values("train", f"grad_norm/{key}")) for key in NORMS]


def _spikes(model: ModelResults) -> list[float | None]:
    """The 99th percentile as a multiple of the median, seed by seed."""
    both = zip(*(model.values("train", f"grad_norm/{key}") for key in ("p99", "median")), strict=True)
    return [p99 / median if p99 is not None and median else None for p99, median in both]


def limit(model: ModelResults) -> str:
    """The length beyond which gradients are scaled down."""
    value = model.params[LIMIT]
    return "none" if value is None else f"{value:g}"


def explosions(level: LevelResults) -> str:
    """Names every model of which some sign says that it explodes."""
    found = {model.name: list(_signs(model)) for model in level.models}
    sentences = [f"{name} explodes: {listed(signs)}." for name, signs in found.items() if signs]
    calm = "No selected model explodes, neither by its gradient before or after training nor by its optimiser's steps."
    return " ".join(sentences) or calm


def _signs(model: ModelResults) -> Iterator[str]:
    for weights, when in WEIGHTS.items():
        if lags := [v["from_lag"] for v in _verdicts(model, weights) if v["says"] == "explodes"]:
            yield f"its gradient by lag {when} training (from lag {min(lags)} on{_seeds(model, len(lags))})"
    shown = [o["words"] for v in _verdicts(model, "trained") for o in v["opinions"] if _spiked(o)]
    if shown:
        yield f"the steps of its optimiser ({shown[0]}{_seeds(model, len(shown))})"


def _verdicts(model: ModelResults, weights: str) -> list[Mapping[str, Any]]:
    return [seed.verdicts[weights] for seed in model.seeds]


def _spiked(opinion: Mapping[str, Any]) -> bool:
    return opinion["measure"] == OPTIMISER and opinion["says"] == "explodes"


def _seeds(model: ModelResults, times: int) -> str:
    return f", in {times} of {len(model.seeds)} seeds" if len(model.seeds) > 1 else ""


def pairs(level: LevelResults) -> Iterator[tuple[ModelResults, ModelResults]]:
    """Models that differ in the limit alone: one with a limit, one without."""
    for clipped, free in permutations(level.models, 2):
        if clipped.params[LIMIT] is not None and free.params[LIMIT] is None and _rest(clipped) == _rest(free):
            yield clipped, free


def _rest(model: ModelResults) -> dict[str, Any]:
    return {key: value for key, value in model.params.items() if key.startswith("model.") and key != LIMIT}


def compared(found: list[tuple[ModelResults, ModelResults]]) -> Table:
    """Each pair with and without the limit."""
    heads = ["model", "limit", f"{BITS_OF[False]}, validation", "test", *NORMS.values()]
    rows = [_compared(model) for pair in found for model in pair]
    note = "The same model with clipping and without. A model that sees both sides has pseudo bits."
    return Table(heads, rows, note=note)


BITS_OF = {False: "bits per character", True: "pseudo bits per character"}
"""The score, of a language model and of one that sees both sides."""


def _compared(model: ModelResults) -> Row:
    bits = [pooled(model.values("train", f"{split}/{BITS}")) for split in ("validation", "test")]
    return Row([model.name, limit(model), *bits, *_norms(model)])


def _difference(clipped: ModelResults, free: ModelResults) -> str:
    one, other = (model.numbers("train")[f"test/{BITS}"] for model in (clipped, free))
    gap = round(other.mean - one.mean, 3)
    effect = f"{'gains' if gap > 0 else 'costs'} {abs(gap):.3f}" if gap else "changes nothing"
    overlap = " (the intervals overlap)" if one.overlaps(other) else ""
    return (
        f"{clipped.name} and {free.name} differ in the limit alone: {one.mean:.3f} and {other.mean:.3f} "
        f"{BITS_OF[clipped.is_cloze]} on the test text, so clipping at {limit(clipped)} {effect}{overlap}."
    )
