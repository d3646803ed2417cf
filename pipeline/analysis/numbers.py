"""From all measures to what is compared in MLflow: metrics by name, and series whose step is a lag, n or a step."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.base.artifacts import Row

Metric = tuple[str, float | None]


def metrics_of(measured: Mapping[str, Any]) -> Iterator[Metric]:
    """Of each network under its name, initial/ and trained/; those of the use of context belong to the trained one."""
    for name in ("initial", "trained"):
        by_lag, jacobians = measured["gradients"][name], measured["jacobians"][name]
        numbers = [*_of_curve(by_lag["joint"]), *_of_omega(by_lag["omega"]), *_of_jacobians(jacobians)]
        numbers += [*_of_gates(measured["gates"][name]), *_of_verdict(measured["verdicts"][name])]
        yield from ((f"{name}/{key}", value) for key, value in numbers)
    for key in ("full", "effective_context_cut", "effective_context_shuffled"):
        yield f"context/{key}", measured["context"][key]


def _of_curve(joint: Mapping[str, Any]) -> Iterator[Metric]:
    """`reached_*` is 1 where the horizon lies within K, else 0."""
    for key in ("half_life", "slope", "r_squared"):
        yield key, joint[key]
    for share, lag in joint["horizons"].items():
        yield f"horizon_{share}", lag
        yield f"reached_{share}", float(lag is not None)


def _of_omega(omega: Mapping[str, float | None]) -> Iterator[Metric]:
    yield from ((f"omega_{kind}", value) for kind, value in omega.items())


def _of_jacobians(jacobians: Mapping[str, Any]) -> Iterator[Metric]:
    for key in ("sigma_max", "sigma_median", "sigma_min", "spectral_radius", "share_above_1"):
        yield f"step_{key}", jacobians["step"][key]
    products, lyapunov = jacobians["products"], jacobians["lyapunov"]
    yield "product_sigma_max_root", products["sigma_max_root"][-1]
    yield "product_effective_rank", products["effective_rank"][-1]
    yield "lyapunov_1", lyapunov["exponents"][0]
    yield "lyapunov_sum", lyapunov["sum"]
    yield "kaplan_yorke", lyapunov["kaplan_yorke"]
    for layer, bound in enumerate(jacobians["bounds"], start=1):
        if bound is not None:
            yield from ((f"layer_{layer}/{key}", value) for key, value in bound.items())


def _of_gates(gates: Mapping[str, Any] | None) -> Iterator[Metric]:
    for layer, numbers in enumerate(gates["layers"] if gates else [], start=1):
        yield from ((f"layer_{layer}/gate_{key}", value) for key, value in numbers.items() if key != "products")


def _of_verdict(verdict: Mapping[str, Any]) -> Iterator[Metric]:
    """The word as flags, since a metric is a number."""
    yield from ((says, float(verdict["says"] == says)) for says in ("vanishes", "holds", "explodes"))
    yield "measures_agree", float(verdict["agree"])


def history_of(measured: Mapping[str, Any], relative: Mapping[str, Sequence[float]]) -> Iterator[Row]:
    """Series for MLflow to lay over each other: gradient/ and gate/ by lag, context/ by n, while_training/ by step."""
    series = {f"gradient/{column}": values for column, values in relative.items()}
    for name in ("initial", "trained"):
        for layer, numbers in enumerate((measured["gates"][name] or {"layers": []})["layers"], start=1):
            series[f"gate/{name}_product_layer_{layer}"] = numbers["products"]
    for lag in range(len(measured["gradients"]["initial"]["lags"])):
        yield Row(lag, {key: values[lag] for key, values in series.items()})
    context = measured["context"]
    for n, cut, shuffled in zip(context["context"], context["cut"], context["shuffled"], strict=True):
        yield Row(n, {"context/cut": cut, "context/shuffled": shuffled})
    for checkpoint in measured["gradients"]["while_training"]:
        numbers = {f"while_training/{key}": value for key, value in _of_curve(checkpoint) if value is not None}
        yield Row(checkpoint["step"], numbers)
