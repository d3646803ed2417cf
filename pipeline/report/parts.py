"""A part of the report: what was measured, the figure, the numbers, what does not fit, the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

Cells = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Cells as they are shown; units stand in the heads."""

    heads: Cells
    rows: Sequence[Cells]
    names: int = 1
    """Columns from the left that hold words; the others hold numbers."""
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, by the name that figures.py wrote it under."""

    name: str
    title: str
    caption: str


@dataclass(frozen=True)
class Part:
    """Read from top to bottom."""

    title: str
    meaning: str
    """What the numbers mean and how to read them."""
    formulas: str
    """The section of docs/gradients.md that has the formulas and their sources."""
    verdict: str
    """Made from the numbers."""
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    findings: Sequence[tuple[str, str]] = ()
    """Where measures disagree: of which network, and what; never left out."""
