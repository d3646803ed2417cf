"""Vanishes, holds or explodes: the verdict on a network's gradient, and whether the measures agree on it.

The verdict is that of the gradient itself, by lag, for the losses of real text. The others say the same in another
way, each with its own limits, and all are asked the same question: what becomes of a gradient over K = max_lag steps?
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Says = Literal["vanishes", "holds", "explodes"]

VANISHED = 0.01
"""A gradient below this share of the first has vanished: what is 100 times nearer drowns it in the sum over lags."""
EXPLODED = 10.0
"""One above this multiple of the first has exploded: far steps then drown the near ones that most tokens hang on."""
SPIKE = 10.0
"""The optimiser meets explosions where one step in a hundred has a gradient so many times as long as the median."""
EXPONENTIAL = 0.9
"""Below this R2 the decay is no exponential, and a single rate or half-life does not describe it."""


@dataclass(frozen=True)
class Opinion:
    """What one measure says; None where its value leaves the question open."""

    measure: str
    value: float | None
    says: Says | None
    words: str


def verdict(
    joint: Mapping[str, Any], jacobians: Mapping[str, Any], training: Mapping[str, float] | None, max_lag: int
) -> dict[str, Any]:
    """The verdict with its reasons.

    Args:
        joint: the curve of the joint state (curves.curve).
        jacobians: jacobians.measure of the same network.
        training: the metrics of its training, grad_norm/*; None before it.

    Returns:
        says, from_lag (the first lag at which it has vanished or exploded; None where it holds), agree, opinions,
        findings (sentences on what does not fit) and words, the verdict as one sentence.
    """
    says, from_lag = of_curve(joint)
    opinions = list(_opinions(joint, jacobians, training, max_lag))
    against = [opinion for opinion in opinions if opinion.says not in (None, says)]
    return {
        "says": says,
        "from_lag": from_lag,
        "agree": not against,
        "opinions": [asdict(opinion) for opinion in opinions],
        "findings": list(_findings(joint, says, against)),
        "words": f"{says} from lag {from_lag} on" if from_lag is not None else f"{says} up to lag {max_lag}",
    }


def of_curve(joint: Mapping[str, Any]) -> tuple[Says, int | None]:
    """The verdict of a curve, and from which lag; what happens first decides.

    >>> [of_curve({"relative": values}) for values in ([1.0, 0.1, 0.001], [1.0, 0.5], [1.0, 20.0])]
    [('vanishes', 2), ('holds', None), ('explodes', 1)]
    """
    for lag, share in enumerate(joint["relative"]):
        if lag >= joint.get("first_lag", 0) and gain(share) != "holds":
            return gain(share), lag
    return "holds", None


def gain(factor: float) -> Says:
    """What a gradient has done that is `factor` times as long after K steps as before.

    >>> gain(0.5), gain(0.001), gain(100.0)
    ('holds', 'vanishes', 'explodes')
    """
    return "vanishes" if factor < VANISHED else "explodes" if factor > EXPLODED else "holds"


def over(rate: float | None, max_lag: int) -> Says:
    """What a rate in nats a step does over K steps; None is the rate -inf.

    >>> over(-0.01, 100), over(-0.1, 100), over(None, 100)
    ('holds', 'vanishes', 'vanishes')
    """
    return "vanishes" if rate is None else gain(math.exp(min(rate * max_lag, 700.0)))


def _opinions(
    joint: Mapping[str, Any], jacobians: Mapping[str, Any], training: Mapping[str, float] | None, max_lag: int
) -> Iterator[Opinion]:
    last = joint["relative"][-1]
    yield Opinion("gradient at the last lag", last, gain(last), f"{last:.2g} of the first is left at lag {max_lag}")
    if joint["slope"] is not None:
        words = f"the line through its logarithm has slope {joint['slope']:.3f} nats a step"
        yield Opinion("rate", joint["slope"], over(joint["slope"], max_lag), words)
    greatest = jacobians["lyapunov"]["exponents"][0]
    shown = "-inf" if greatest is None else f"{greatest:.3f}"
    words = f"a change of the state grows by {shown} nats a step"
    yield Opinion("greatest Lyapunov exponent", greatest, over(greatest, max_lag), words)
    root, lag = jacobians["products"]["sigma_max_root"][-1], jacobians["products"]["lags"][-1]
    rate = math.log(root) if root else None
    words = f"no direction is stretched by more than {root:.3f} a step over {lag} steps"
    yield Opinion("product of Jacobians", root, "vanishes" if over(rate, max_lag) == "vanishes" else None, words)
    for layer, bound in enumerate(jacobians["bounds"], start=1):
        if bound is not None:
            yield _of_bound(layer, bound, max_lag)
    if training is not None:
        spike = training["grad_norm/p99"] / training["grad_norm/median"]
        words = f"the longest gradients of the training are {spike:.1f} times the median"
        yield Opinion("norm before clipping", spike, "explodes" if spike > SPIKE else None, words)


def _of_bound(layer: int, bound: Mapping[str, float], max_lag: int) -> Opinion:
    """A bound from above: below 1 gradients vanish, above 1 it says nothing. That with the mean slope is no bound."""
    value = bound["bound_sup"]
    vanishes = over(math.log(value) if value else None, max_lag) == "vanishes"
    words = f"sigma_max(W) times the greatest slope is {value:.2f}, times the mean slope {bound['bound_mean']:.2f}"
    return Opinion(f"bound of Pascanu, layer {layer}", value, "vanishes" if vanishes else None, words)


def _findings(joint: Mapping[str, Any], says: Says, against: list[Opinion]) -> Iterator[str]:
    for opinion in against:
        yield f"By the {opinion.measure} it {opinion.says} ({opinion.words}), by the gradient itself it {says}."
    if joint["r_squared"] is not None and joint["r_squared"] < EXPONENTIAL:
        shown = f"{joint['r_squared']:.2f}"
        yield f"The decay is no exponential (R2 of the fit: {shown}): no single half-life describes it."
