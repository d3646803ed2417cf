"""The bound and Omega of Pascanu, Mikolov & Bengio 2013, against numpy and by hand."""

import numpy as np
import pytest
import torch
from sizes import B, E, H, T
from torch import nn

from pipeline.analysis.bounds import bounds, omega
from pipeline.analysis.gradients import FLOOR
from pipeline.analysis.jacobians import step_jacobians
from pipeline.analysis.unroll import unrolled
from pipeline.cells.base import cells_of


def module(nonlinearity: str) -> nn.RNN:
    torch.manual_seed(1)
    return nn.RNN(E, H, num_layers=2, nonlinearity=nonlinearity, dtype=torch.float64).requires_grad_(False)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_slopes_are_those_autograd_sees(nonlinearity: str) -> None:
    """diag(slope) of the top layer times W_hh is that layer's own block of the step's Jacobian."""
    rnn, generator = module(nonlinearity), torch.Generator().manual_seed(2)
    steps = torch.randn(B, T, E, generator=generator, dtype=torch.float64)
    start = torch.randn(1, 2, B, H, generator=generator, dtype=torch.float64)
    states = unrolled(cells_of(rnn), steps, start)
    found = bounds(cells_of(rnn), torch.stack(states[1:]))
    for layer, bound in enumerate(found):
        weight, own = rnn.get_parameter(f"weight_hh_l{layer}"), slice(layer * H, (layer + 1) * H)
        blocks = [step_jacobians(cells_of(rnn), steps[:, t], states[t])[:, own, own] for t in range(T)]
        slopes = (torch.stack(blocks) / weight)[..., 0]
        sigma = np.linalg.svd(weight.numpy(), compute_uv=False)[0]
        assert bound is not None
        assert bound["sigma_max"] == pytest.approx(sigma)
        assert bound["mean_derivative"] == pytest.approx(float(slopes.mean()))
        assert bound["bound_mean"] == pytest.approx(sigma * float(slopes.mean()))
        assert bound["bound_sup"] == pytest.approx(sigma)
        assert max(float(torch.linalg.svdvals(block).max()) for block in blocks) <= bound["bound_sup"] + 1e-12
        assert 0 < bound["mean_derivative"] < 1


def test_gates_have_no_such_bound() -> None:
    lstm = nn.LSTM(E, H, num_layers=2)
    assert bounds(cells_of(lstm), torch.zeros(T, 2, 2, B, H)) == [None, None]


def test_omega_by_hand() -> None:
    """Ratios 1/2, 2 at one place, 1, 3 at the other; squares 1/4, 4, 1, 9."""
    found = omega(np.array([[4.0, 2.0, 4.0], [1.0, 1.0, 3.0]]))
    assert found["paper_sum"] == pytest.approx(((0.25 + 1) + (0 + 4)) / 2)
    assert found["code_mean"] == pytest.approx((0.75**2 + 9 + 0 + 64) / 4)


def test_a_gradient_that_keeps_its_norm_has_no_omega() -> None:
    assert omega(np.full((2, 5), 0.3)) == {"paper_sum": 0.0, "code_mean": 0.0}


def test_terms_that_divide_by_what_underflowed_do_not_count() -> None:
    """One row dies out after a ratio of 1/2: the other three terms stand, of nothing the mask would hide."""
    found = omega(np.array([[2.0, 1.0, 0.1 * FLOOR, 0.0], [1.0, 1.0, 1.0, 1.0]]))
    assert found["paper_sum"] == pytest.approx((0.25 + 1) / 2)
    assert found["code_mean"] == pytest.approx((0.75**2 + 1) / 5)


def test_omega_of_nothing() -> None:
    assert omega(np.zeros((2, 3))) == {"paper_sum": None, "code_mean": None}
    assert omega(np.ones((2, 1))) == {"paper_sum": None, "code_mean": None}
