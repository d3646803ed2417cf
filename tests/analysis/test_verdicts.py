"""Verdicts on curves and measures made by hand."""

import numpy as np
import pytest

from pipeline.analysis.curves import curve
from pipeline.analysis.verdicts import verdict

K = 20


def joint(rate: float) -> dict:
    return curve(np.exp(rate * np.arange(K + 1.0))[None], first=0)


def jacobians(rate: float | None, bound: float | None = None) -> dict:
    """Of a network whose every step multiplies a change by exp(rate)."""
    root = 0.0 if rate is None else float(np.exp(rate))
    return {
        "lyapunov": {"exponents": [rate]},
        "products": {"lags": [1, K], "sigma_max_root": [root, root]},
        "bounds": [None if bound is None else {"bound_sup": bound, "bound_mean": 0.1}],
    }


@pytest.mark.parametrize(
    ("rate", "says", "from_lag"),
    [(-0.5, "vanishes", 10), (-0.1, "holds", None), (0.0, "holds", None), (0.1, "holds", None), (0.3, "explodes", 8)],
)
def test_measures_of_one_rate_agree(rate, says, from_lag):
    """0.01 = exp(-0.5 k) at k = 9.2, and 10 = exp(0.3 k) at k = 7.7: the next lag is past it."""
    found = verdict(joint(rate), jacobians(rate), None, K)
    assert (found["says"], found["from_lag"], found["agree"], found["findings"]) == (says, from_lag, True, [])
    assert found["words"] == (f"{says} from lag {from_lag} on" if from_lag else f"{says} up to lag {K}")
    assert {opinion["says"] for opinion in found["opinions"]} <= {says, None}


def test_disagreement_is_printed():
    found = verdict(joint(-0.1), jacobians(-0.5), None, K)
    assert not found["agree"]
    assert found["says"] == "holds"
    assert found["findings"] == [
        "By the greatest Lyapunov exponent it vanishes (a change of the state grows by -0.500 nats a step), "
        "by the gradient itself it holds.",
        "By the product of Jacobians it vanishes (no direction is stretched by more than 0.607 a step over 20 steps), "
        "by the gradient itself it holds.",
    ]


def test_a_bound_above_one_and_a_product_above_one_leave_it_open():
    """They bound from above: a network may stay far below them."""
    found = verdict(joint(-0.5), jacobians(-0.5, bound=1.5), None, K)
    assert found["agree"]
    assert found["opinions"][-1]["says"] is None
    growing = jacobians(-0.5) | {"products": {"lags": [K], "sigma_max_root": [1.5]}}
    assert verdict(joint(-0.5), growing, None, K)["agree"]
    tight = verdict(joint(-0.5), jacobians(-0.5, bound=0.7), None, K)
    assert tight["opinions"][-1]["says"] == "vanishes"


def test_spikes_in_the_training_are_an_explosion():
    calm, wild = ({"grad_norm/p99": p99, "grad_norm/median": 0.5} for p99 in (4.9, 5.1))
    assert verdict(joint(-0.1), jacobians(-0.1), calm, K)["agree"]
    found = verdict(joint(-0.1), jacobians(-0.1), wild, K)
    assert not found["agree"]
    assert "By the norm before clipping it explodes" in found["findings"][0]


def test_a_dead_network_vanishes():
    found = verdict(joint(-5.0), jacobians(None), None, K)
    assert found["agree"]
    assert found["from_lag"] == 1


def test_a_decay_that_is_no_exponential_is_a_finding():
    """1, then a plateau at 0.02 with a bump: no line fits its logarithm."""
    plateau = curve(np.array([[1.0] + [0.02, 0.05] * (K // 2)]), first=0)
    assert plateau["r_squared"] < 0.5
    assert "no exponential" in verdict(plateau, jacobians(-0.1), None, K)["findings"][-1]
