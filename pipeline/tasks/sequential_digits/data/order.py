"""The order in which the pixels of an image are read."""

from typing import Literal

import numpy as np
from jaxtyping import Int

SIDE = 8
INK = 16
"""The largest value of a pixel."""
SEED = 1
"""Of the permutation."""

Order = Literal["rows", "permuted"]


def places(order: Order) -> Int[np.ndarray, " 64"]:
    """The pixel that is read at each step, counted row by row."""
    in_rows = np.arange(SIDE**2)
    return in_rows if order == "rows" else np.random.default_rng(SEED).permutation(in_rows)
