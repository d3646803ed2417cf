"""Lyapunov exponents: the mean rates, in nats a step, at which directions of the state stretch or shrink.

Q_t R_t = J_t Q_{t-1}, and lambda_i is the mean over t of ln |R_ii| (Benettin et al. 1980; for recurrent networks
Vogt et al. 2020, arXiv 2006.14123, and Engelken, Wolf & Abbott 2023, Phys. Rev. Research 5, 043044). J is of the
whole state: the derivative of h by h alone would leave out an LSTM's c, the very path that is to carry gradients.

The network is driven by text, so these are exponents of its response to one text: negative ones mean that it
forgets where it started. A gradient on its way back meets the same exponents as a change on its way forward.

Each layer is decomposed alone, which is no approximation. No layer reads one above it at the same step, so with
the top layer first J is block upper triangular; Q_0 = I then stays block diagonal, and R_ii is that of the blocks.
Three layers cost a ninth of the whole, and the exponents of each one say where the memory is.

Q is made orthonormal after every step. Trained LSTMs have exponents below -10: two steps in one would lose them.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

WARM_UP = 0.2
"""Share of the steps that only turn Q from the identity towards the directions of the flow."""
POINTS = 20
"""Points of a convergence curve, at most."""


def spectrum(jacobians: Float[Tensor, "T L M M"], lags: Sequence[int]) -> dict[str, Any]:
    """All n = L M exponents, from the Jacobians of the layers at T steps in a row; the first WARM_UP T do not count.

    exponents: greatest first. None stands for -inf: a direction that is lost, as by a relu unit that is off, or
        that shrinks at some step by more than float64 can tell.
    layers: the greatest exponent of each layer, lowest layer first.
    sum: of all exponents, as the mean of ln |det J|: the rate at which volumes change. It is told where single
        exponents are not; None where it is -inf.
    kaplan_yorke: see `kaplan_yorke`.
    log_condition: (lambda_1 - lambda_n) k, the ln of the condition number of k steps that they predict, for each of
        `lags` (Engelken 2023, arXiv 2312.17306); None where lambda_n is -inf.
    curve: lambda_1 and sum as they would be if the counted steps ended at `steps`.

    >>> stretching = torch.diag(torch.tensor([2.0, -0.5], dtype=torch.float64)).expand(10, 1, 2, 2)
    >>> found = spectrum(stretching, lags=[10])
    >>> [round(value, 6) for value in [*found["exponents"], found["sum"], *found["log_condition"]]]
    [0.693147, -0.693147, 0.0, 13.862944]
    """
    warm_up = int(WARM_UP * len(jacobians))
    rates = stretches(jacobians)[warm_up:]  # (C, L, M)
    volumes = torch.linalg.slogdet(jacobians[warm_up:]).logabsdet.sum(1).numpy()
    exponents = np.sort(rates.mean(axis=0), axis=None)[::-1]
    spread = float(exponents[0]) - float(exponents[-1])  # of floats: -inf less -inf is nan without a warning
    counted = np.unique(np.linspace(1, len(rates), min(POINTS, len(rates))).astype(int))
    return {
        "exponents": _finite(exponents),
        "layers": _finite(rates.mean(axis=0).max(axis=1)),
        "sum": _finite([volumes.mean()])[0],
        "kaplan_yorke": kaplan_yorke(exponents),
        "lags": list(lags),
        "log_condition": _finite([spread * lag for lag in lags]),
        "warm_up_steps": warm_up,
        "curve": {
            "steps": counted.tolist(),
            "lambda_1": _finite([rates[:count].mean(axis=0).max() for count in counted]),
            "sum": _finite([volumes[:count].mean() for count in counted]),
        },
    }


def stretches(jacobians: Float[Tensor, "T L M M"]) -> Float[np.ndarray, "T L M"]:
    """ln |R_ii| at each step: the decomposition may choose either sign, and the size alone is a stretch.

    -inf where R_ii is no more than the rounding of J itself, 4 eps of its norm: there it says nothing.
    """
    q, logs = torch.eye(jacobians.shape[-1], dtype=torch.float64), []
    rounding = 4 * torch.finfo(jacobians.dtype).eps * torch.linalg.matrix_norm(jacobians)[..., None]  # (T, L, 1)
    for jacobian, nothing in zip(jacobians, rounding, strict=True):
        q, r = torch.linalg.qr(jacobian @ q)
        size = r.diagonal(dim1=-2, dim2=-1).abs()
        logs.append(torch.where(size > nothing, size, 0.0).log())
    return torch.stack(logs).numpy()


def kaplan_yorke(exponents: Float[np.ndarray, " N"]) -> float:
    """D = j + (lambda_1 + ... + lambda_j) / |lambda_{j+1}|, j being the last with a sum that is not negative.

    The dimension of the set that states are drawn to (Kaplan & Yorke 1979): 0 where all exponents are negative, n
    where volumes do not shrink. `exponents` are sorted, greatest first.

    >>> kaplan_yorke(np.array([0.5, 0.0, -2.0]))
    2.25
    """
    sums = np.cumsum(exponents)
    j = int((sums >= 0).sum())  # sorted, so the sums rise and then fall: no later one is positive again
    if j in (0, len(exponents)):
        return float(j)
    return j + float(sums[j - 1] / -exponents[j])


def _finite(values: Sequence[float] | np.ndarray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
