"""What Pascanu, Mikolov & Bengio 2013 (arXiv 1211.5063) say of vanishing gradients: their bound, and their Omega."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.analysis.curves import FLOOR, Norms
from pipeline.cells.base import Cell
from pipeline.cells.rnn import RnnCell

SUP_DERIVATIVE = 1.0
"""gamma, the greatest slope of tanh, at 0, and of relu."""


def bounds(cells: Sequence[Cell], states: Float[Tensor, "T S L B H"]) -> list[dict[str, float] | None]:
    """The bound of each layer (section 2.1); `states` are those after steps of real text.

    A step multiplies a gradient by diag(slopes) W_hh, so by no more than bound_sup = gamma sigma_max(W_hh). Where
    this is below 1 gradients must vanish; that it is above 1 is needed for them to explode, and promises nothing.
    bound_mean has in place of gamma mean_derivative, the mean slope over places and units: what is typical of
    this text, but no bound.

    None for GRU and LSTM layers: their state also goes on through gates, past W_hh, and no norm of W_hh bounds that.
    """
    return [
        _bound(cell, states[:, 0, layer]) if isinstance(cell, RnnCell) else None for layer, cell in enumerate(cells)
    ]


def _bound(cell: RnnCell, h: Float[Tensor, "T B H"]) -> dict[str, float]:
    sigma_max = float(torch.linalg.matrix_norm(cell.weight_hh.double(), ord=2))
    slopes = 1 - h.square() if cell.nonlinearity == "tanh" else (h > 0).double()
    mean = float(slopes.mean())
    return {
        "sigma_max": sigma_max,
        "mean_derivative": mean,
        "bound_mean": sigma_max * mean,
        "bound_sup": sigma_max * SUP_DERIVATIVE,
    }


def omega(norms: Norms) -> dict[str, float | None]:
    """Omega, how far the norm of the gradient is from staying the same from step to step; 0 is best.

    `norms` are ||dL_t/ds_{t-k}|| of the joint state (h, c), a row a place t, lag 0 first. A loss at t alone has no
    part at earlier steps, so (dL_t/ds_{k+1}) (ds_{k+1}/ds_k) is dL_t/ds_k, and both norms stand in a row.

    paper_sum: (ratio of norms - 1)^2 summed over the lags, its mean over places: their equation 9.
    code_mean: (ratio of SQUARED norms - 1)^2, its mean over all places and lags that count: the authors' program.

    As there, a term counts where the norm it divides by is not below a floor; here it is FLOOR, theirs is 1e-10.
    Both are None where no term counts.

    >>> omega(np.array([[4.0, 2.0, 2.0]]))  # ratios 1/2 and 1, squared 1/4 and 1
    {'paper_sum': 0.25, 'code_mean': 0.28125}
    """
    later, earlier = norms[:, :-1], norms[:, 1:]
    counts = later >= FLOOR
    if not counts.any():
        return {"paper_sum": None, "code_mean": None}
    ratios = np.where(counts, earlier / np.where(counts, later, 1.0), 1.0)
    paper, code = np.square(ratios - 1), np.square(np.square(ratios) - 1)
    return {"paper_sum": float(paper.sum(axis=1).mean()), "code_mean": float(code[counts].mean())}
