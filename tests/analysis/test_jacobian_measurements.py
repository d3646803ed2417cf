"""Everything that is measured of a network's Jacobians, on whole networks."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from sizes import H

from pipeline.analysis.gradients import gradient_norms, positions_of, state_gradients
from pipeline.analysis.jacobians import (
    LAGS,
    measure,
    step_jacobians,
    trajectory,
)
from pipeline.base.errors import ArtifactError
from pipeline.networks.build import Network, build_language_model
from pipeline.networks.cloze import ClozeModel
from pipeline.networks.language_model import LanguageModel
from pipeline.tokens.windows import Window

V, K, P = 11, 6, 3


def network_of(model, cell: str, **changes: Any) -> Network:
    network = build_language_model(model(cell, **changes), V, seed=1).double().eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(2)
    for weight in network.parameters():
        weight += 0.2 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return network


def some_window(max_lag: int = K, positions: int = P) -> Window:
    ids = np.random.default_rng(3).integers(0, V, 3 * max_lag + 40).astype(np.uint8)
    return positions_of(ids, V, max_lag, positions)


NETWORKS = {
    "rnn": ("rnn", {"num_layers": 2}),
    "gru": ("gru", {}),
    "lstm": ("lstm", {"num_layers": 2}),
    "cloze": ("lstm", {"bidirectional": True}),
}
every_network = pytest.mark.parametrize("name", NETWORKS)


@every_network
def test_products_carry_the_gradient_back(model, name: str) -> None:
    """dL_t/ds_{t-k} = M_k^T dL_t/ds_t, at every lag and place, as backpropagation through time has it."""
    cell, changes = NETWORKS[name]
    network, window = network_of(model, cell, **changes), some_window()
    inputs, targets = torch.from_numpy(window.inputs), torch.from_numpy(window.targets)
    gradients = state_gradients(network, inputs, targets, K).permute(0, 3, 1, 2, 4).flatten(2)  # (K + 1, P, n)
    cells, steps, states = trajectory(network, inputs, K)
    back = gradients[0]
    for lag in range(1, K + 1):
        jacobians = step_jacobians(cells, steps[:, -lag], states[-1 - lag])
        back = (back[:, None] @ jacobians)[:, 0]
        torch.testing.assert_close(back, gradients[lag], rtol=1e-9, atol=1e-14)
    norms = gradient_norms(network, window, K, 1)["joint"][:, K]
    np.testing.assert_allclose(torch.linalg.vector_norm(back, dim=1).numpy(), norms, rtol=1e-9)


@every_network
def test_everything_is_measured_and_fits_into_json(model, name: str) -> None:
    cell, changes = NETWORKS[name]
    network = network_of(model, cell, **changes)
    measured = measure(network, some_window(20), 20, "some")
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert measured["products"]["lags"] == [lag for lag in LAGS if lag <= 20]
    stack = network.left if isinstance(network, ClozeModel) else network.stack
    n = stack.rnn.num_layers * H * (2 if cell == "lstm" else 1)
    assert len(measured["lyapunov"]["exponents"]) == n
    assert sum(measured["lyapunov"]["exponents"]) == pytest.approx(measured["lyapunov"]["sum"])
    assert [bound is None for bound in measured["bounds"]] == [cell != "rnn"] * stack.rnn.num_layers
    assert measure(network, some_window(20), 20, "some") == measured


@pytest.mark.parametrize("max_lag", [1, 2])
def test_a_trajectory_may_be_as_short_as_one_step(model, max_lag: int) -> None:
    measured = measure(network_of(model, "gru"), some_window(max_lag, 1), max_lag, "some")
    assert measured["products"]["lags"] == list(range(1, max_lag + 1))


def test_a_scaled_rotation_has_its_scale_everywhere(model) -> None:
    """W = 0.9 Q, all units alive: sigma = 0.9, exponents ln 0.9, condition 1, and the bound says it vanishes."""
    network = network_of(model, "rnn", nonlinearity="relu")
    assert isinstance(network, LanguageModel)
    network.stack.rnn.get_parameter("weight_hh_l0").copy_(0.9 * torch.eye(H).roll(1, dims=0))
    network.stack.rnn.get_parameter("bias_ih_l0").fill_(1000.0)
    measured = measure(network, some_window(20), 20, "some")
    assert measured["step"]["sigma_max"] == pytest.approx(0.9)
    assert measured["step"]["sigma_min"] == pytest.approx(0.9)
    assert measured["step"]["spectral_radius"] == pytest.approx(0.9)
    assert measured["products"]["sigma_max_root"] == pytest.approx([0.9] * 4)
    assert measured["products"]["condition"] == pytest.approx([1.0] * 4)
    assert measured["lyapunov"]["exponents"] == pytest.approx([math.log(0.9)] * H)
    assert measured["bounds"][0]["bound_mean"] == pytest.approx(0.9)


def test_a_network_whose_units_are_all_off_is_told_so(model) -> None:
    network = network_of(model, "rnn", nonlinearity="relu")
    assert isinstance(network, LanguageModel)
    network.stack.rnn.get_parameter("bias_ih_l0").fill_(-1000.0)
    measured = measure(network, some_window(20), 20, "some")
    assert measured["step"]["sigma_max"] == measured["step"]["spectral_radius"] == 0
    assert measured["products"]["sigma_max_root"] == [0.0] * 4
    assert measured["lyapunov"]["exponents"] == [None] * H
    assert measured["lyapunov"]["log_condition"] == [None] * 4
    assert measured["bounds"][0]["bound_mean"] == 0


def test_the_network_is_left_as_it_was(model) -> None:
    network = build_language_model(model("lstm"), V, seed=1).train()
    measure(network, some_window(), K, "some")
    assert network.training
    assert all(weight.dtype == torch.float32 and weight.requires_grad for weight in network.parameters())


def test_a_diverged_network_is_an_error(model) -> None:
    network = build_language_model(model("lstm"), V, seed=1)
    next(network.parameters()).data.fill_(float("nan"))
    with pytest.raises(ArtifactError, match="trained network: the Jacobians of its steps are finite"):
        measure(network, some_window(), K, "trained")
