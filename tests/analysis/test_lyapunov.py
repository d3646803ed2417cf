"""Lyapunov exponents of systems whose exponents are known."""

import math

import numpy as np
import pytest
import torch
from sizes import H
from torch import Tensor

from pipeline.analysis.lyapunov import POINTS, WARM_UP, kaplan_yorke, spectrum

T = 60


def repeated(matrix: Tensor, times: int = T) -> Tensor:
    """One layer, the same Jacobian at every step."""
    return matrix.expand(times, 1, *matrix.shape)


def random_jacobians(num_layers: int = 1, size: int = H) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(T, num_layers, size, size, generator=generator, dtype=torch.float64) / size**0.5


def test_one_matrix_repeated_has_the_logarithms_of_its_eigenvalues() -> None:
    """Not symmetric: its singular values are others, and so is what one step does. A negative sign is no matter."""
    eigenvalues = torch.tensor([4.0, -2.0, 1.0, 0.3, -0.05], dtype=torch.float64)
    basis = torch.randn(5, 5, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    matrix = basis @ torch.diag(eigenvalues) @ torch.linalg.inv(basis)
    found = spectrum(repeated(matrix, 200), lags=[1, 10])
    expected = [math.log(abs(value)) for value in eigenvalues.tolist()]
    assert found["exponents"] == pytest.approx(expected, abs=1e-6)
    assert found["sum"] == pytest.approx(math.log(4 * 2 * 0.3 * 0.05))
    assert found["log_condition"] == pytest.approx([math.log(4 / 0.05), 10 * math.log(4 / 0.05)], abs=1e-4)
    assert abs(float(torch.linalg.svdvals(matrix)[0].log()) - expected[0]) > 0.1


def test_rotations_neither_stretch_nor_shrink() -> None:
    rotations, _ = torch.linalg.qr(random_jacobians())
    found = spectrum(rotations, lags=[50])
    assert found["exponents"] == pytest.approx([0.0] * H, abs=1e-12)
    assert found["log_condition"] == pytest.approx([0.0], abs=1e-10)
    assert found["curve"]["lambda_1"] == pytest.approx([0.0] * POINTS, abs=1e-12)


def test_the_sum_is_the_mean_logarithm_of_the_determinant() -> None:
    """By numpy's determinants; the exponents come from the orthonormalisation alone."""
    jacobians = random_jacobians(num_layers=2)
    found, counted = spectrum(jacobians, lags=[]), jacobians[int(WARM_UP * T) :].numpy()
    expected = np.log(np.abs(np.linalg.det(counted))).sum(axis=1).mean()
    assert found["sum"] == pytest.approx(expected)
    assert sum(found["exponents"]) == pytest.approx(expected)
    assert found["warm_up_steps"] == T - len(counted)


def test_the_greatest_exponent_is_the_growth_of_any_vector() -> None:
    """Independent of QR: ln of the growth of one vector, over the same steps and after the same warm-up."""
    jacobians = random_jacobians()
    vector, grown = torch.ones(H, dtype=torch.float64), 0.0
    for t, jacobian in enumerate(jacobians[:, 0]):
        vector = jacobian @ vector
        size = float(vector.norm())
        vector, grown = vector / size, grown + (math.log(size) if t >= WARM_UP * T else 0)
    first = spectrum(jacobians, lags=[])["exponents"][0]
    assert first == pytest.approx(grown / (T - int(WARM_UP * T)), abs=0.05)


def test_layers_alone_have_the_exponents_of_the_whole() -> None:
    """The whole J with the top layer first, which is block upper triangular, by an ordinary QR iteration."""
    low, top, between = random_jacobians(num_layers=3).unbind(1)
    q, logs = np.eye(2 * H), []
    for t in range(T):
        whole = np.block([[top[t].numpy(), between[t].numpy()], [np.zeros((H, H)), low[t].numpy()]])
        q, r = np.linalg.qr(whole @ q)
        logs.append(np.log(np.abs(np.diag(r))))
    expected = np.mean(logs[int(WARM_UP * T) :], axis=0)
    found = spectrum(torch.stack([low, top], dim=1), lags=[])
    assert found["exponents"] == pytest.approx(sorted(expected, reverse=True))
    assert found["layers"] == pytest.approx([expected[H:].max(), expected[:H].max()])


def test_a_lost_direction_has_no_exponent() -> None:
    """Singular at every step, in a direction that is no axis: what rounding leaves of it is not told."""
    jacobians = random_jacobians()
    jacobians[:, 0, 2] = jacobians[:, 0, 4]
    found = spectrum(jacobians, lags=[10])
    assert found["exponents"][-1] is None
    assert None not in found["exponents"][:-1]
    assert found["log_condition"] == [None]


def test_a_unit_that_is_off_takes_the_volume_with_it() -> None:
    jacobians = random_jacobians()
    jacobians[:, 0, 2] = 0
    found = spectrum(jacobians, lags=[])
    assert found["sum"] is None
    assert found["exponents"][-1] is None
    assert set(found["curve"]["sum"]) == {None}


def test_far_apart_exponents_do_not_hide_each_other() -> None:
    """As in a trained LSTM: -20 nats a step beside 0, in a basis that mixes them."""
    mixed, _ = torch.linalg.qr(random_jacobians(size=3)[:, 0])
    scales = torch.diag(torch.tensor([0.0, -8.0, -20.0], dtype=torch.float64).exp())
    found = spectrum(repeated(mixed[0] @ scales @ mixed[0].T), lags=[1])
    assert found["exponents"] == pytest.approx([0.0, -8.0, -20.0], rel=1e-3, abs=1e-9)


def test_the_curve_ends_in_the_result() -> None:
    found = spectrum(random_jacobians(), lags=[])
    curve = found["curve"]
    assert len(curve["steps"]) == len(curve["lambda_1"]) == len(curve["sum"]) == POINTS
    assert (curve["steps"][0], curve["steps"][-1]) == (1, T - found["warm_up_steps"])
    assert curve["lambda_1"][-1] == pytest.approx(found["exponents"][0])
    assert curve["sum"][-1] == pytest.approx(found["sum"])


def test_kaplan_yorke_by_hand() -> None:
    """The Lorenz attractor's 2.06; none, all, and a lost direction next in line."""
    assert kaplan_yorke(np.array([0.9056, 0.0, -14.5723])) == pytest.approx(2.0621, abs=1e-4)
    assert kaplan_yorke(np.array([0.5, 0.25, -0.5, -1.0])) == pytest.approx(3 + 0.25 / 1.0)
    assert kaplan_yorke(np.array([-0.1, -2.0])) == 0
    assert kaplan_yorke(np.array([0.3, -0.1])) == 2
    assert kaplan_yorke(np.array([0.3, -np.inf, -np.inf])) == 1
