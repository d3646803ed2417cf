"""Clips as they are read, whatever file they are from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Clip:
    """Frames, and what they show."""

    frames: Float[np.ndarray, "T D"]
    labels: Sequence[str]
    """The class of the clip, or those of its frames; none where it is only to be answered."""
    places: Sequence[str]
    """Where each label is written: file, and line where there is one."""
    name: str
    """Which clip it is, for people: its path below `path`, its number in a file."""
    person: str | None = None
    """Whom it shows, or what else it has in common with others."""
