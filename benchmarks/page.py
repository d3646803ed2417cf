"""docs/performance.md: targets and whether they held, then a table for each measurement."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch

from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "performance.md"
LIBRARIES = ("pytorch-lightning", "pyarrow", "tokenizers", "mlflow")


@dataclass(frozen=True)
class Target:
    """A promise and what was measured.

    >>> Target("cost", "ms", 0.5, measured=0.7).verdict, Target("ratio", "", 0.95, 0.95, at_least=True).verdict
    ('missed', 'held')
    """

    what: str
    unit: str
    limit: float
    measured: float
    at_least: bool = False
    """The limit is a floor, else a ceiling."""

    @property
    def verdict(self) -> str:
        """Held or missed."""
        held = self.measured >= self.limit if self.at_least else self.measured <= self.limit
        return "held" if held else "missed"

    @property
    def cells(self) -> list[str]:
        """What was promised, what was measured, and the verdict."""
        limit = f"{'at least' if self.at_least else 'at most'} {self.limit:g} {self.unit}"
        return [self.what, limit.strip(), f"{self.measured:.3g} {self.unit}".strip(), self.verdict]


@dataclass(frozen=True)
class Section:
    """One measurement."""

    title: str
    method: str
    """What was measured, and how."""
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()

    def __str__(self) -> str:
        return f"## {self.title}\n\n{self.method}\n\n{table(self.header, self.rows)}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column stand right.

    >>> print(table(["cell", "ms"], [["gru", "0.5"]]))
    | cell | ms |
    |---|--:|
    | gru | 0.5 |
    """
    rule = ["---", *["--:"] * (len(header) - 1)]
    return "\n".join([_line(header), f"|{'|'.join(rule)}|", *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def page(sections: Sequence[Section], threads: int) -> str:
    """All of docs/performance.md."""
    targets = [target.cells for section in sections for target in section.targets]
    parts = [
        "# Performance",
        "Written by `make bench` (`python -m benchmarks`), never by hand. Each pair of numbers was taken in one run, "
        "in turns, and the median stands here; compare ratios, for absolute numbers are those of one machine.",
        f"The machine: {machine(threads)}.",
        table(["target", "limit", "measured", "verdict"], targets),
        *map(str, sections),
    ]
    return "\n\n".join(parts) + "\n"


def replaced(page: str, section: Section) -> str:
    """The page with a section in place of the one of its title, or at its end; its targets begin with its title."""
    rest = page
    for part in measured_apart(page, section.title):
        rest = rest.replace(part, "")
    return joined(rest, "".join(f"{_line(target.cells)}\n" for target in section.targets), f"{section}\n")


def measured_apart(page: str, title: str) -> tuple[str, str]:
    """Rows of the targets and text of a section that has a command of its own; both are empty where it is absent."""
    name = re.escape(title)
    rows = "".join(re.findall(rf"^\| {name}: .*\n", page, re.MULTILINE))
    text = re.search(rf"^## {name}\n.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return rows, text[0] if text else ""


def joined(page: str, rows: str, text: str) -> str:
    """The page with rows of targets after all others, and a section's text at its end.

    >>> print(joined("| a |\\n\\n## A\\n", "| b |\\n", "## B\\n"))
    | a |
    | b |
    <BLANKLINE>
    ## A
    <BLANKLINE>
    ## B
    <BLANKLINE>
    """
    head, mark, rest = page.partition("\n\n## ")
    parts = [f"{head}\n{rows}".rstrip() + mark + rest.rstrip(), text.rstrip()]
    return "\n\n".join(filter(None, parts)) + "\n"


def machine(threads: int) -> str:
    """The processors and versions that the numbers depend on; torch picks its kernels by what the processor can do."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    processor = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    cores = f"{os.cpu_count()} cores ({processor}), of which torch uses {threads}"
    return f"{cores}; Python {platform.python_version()}, torch {torch.__version__}, {versions}"
