"""Seconds and memory of the text stages over texts of rising size.

The text is the documentation of Python, its paragraphs drawn in an order that a seed decides, every fourth of them
with a number that no other has: real words of real frequencies, and a vocabulary that grows with the text.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.page import Section, Target
from benchmarks.process import Taken, measured
from pipeline.base.params import Level
from pipeline.text.python_docs import python_docs
from reliability.project import make_project, stages_of

MEGABYTE = 10**6
SIZES = (1, 100, 200)
"""Megabytes; the first is little more than the start of a process, and both steps are long beside its noise."""
MEASURED = ("corpus", "tokenization", "vocabulary")
NUMBERED = 4
"""Each so many-th paragraph gets a number."""
ROUNDS = 2
"""Of each time the least counts: what else the machine does only adds to it."""

METHOD = """\
The stages corpus (source `files`), tokenization and vocabulary of the levels in `run.levels`, each as a process of \
its own, over a text of rising size: the paragraphs of Python's documentation in an order that a seed decides, every \
fourth with a number that no other has, so that the vocabulary grows as that of real text. CPU seconds a MB are those \
that each further MB took from one size to the next; peak memory is the largest resident set. Every size is measured \
{rounds} times, in turns, and the least counts."""


def text_stages(levels: Sequence[Level], sizes: tuple[float, float, float] = SIZES) -> Section:
    """Measure every text stage at every size."""
    rounds = [[_taken(size, levels) for size in sizes] for _ in range(ROUNDS)]
    taken = [{stage: _least([one[stage] for one in same]) for stage in same[0]} for same in zip(*rounds, strict=True)]
    steps = list(pairwise(sizes))
    largest = f"at {sizes[-1]} MB"
    header = ["stage", f"s {largest}", *(f"CPU s/MB, {a} to {b} MB" for a, b in steps), f"peak MB {largest}"]
    rows, growths, peaks = [], [], []
    for stage, last in taken[-1].items():
        slopes = _slopes([of_size[stage].cpu_seconds for of_size in taken], sizes)
        peaks.append(last.peak_bytes / MEGABYTE)
        growths.append(slopes[1] / slopes[0])
        cells = [f"{last.seconds:.1f}", *(f"{slope:.3f}" for slope in slopes), f"{peaks[-1]:.0f}"]
        rows.append([stage, *cells])
    growth = f"CPU time of a further MB, to {sizes[2]} MB over to {sizes[1]} MB, the worst text stage"
    targets = [
        Target(f"peak memory of a text stage {largest}", "MB", 2000, max(peaks)),
        Target(growth, "", 1.25, max(growths)),
    ]
    return Section("Text", METHOD.format(rounds=ROUNDS), header, rows, targets)


def _least(taken: Sequence[Taken]) -> Taken:
    """The least of each."""
    figures = ("seconds", "cpu_seconds", "peak_bytes")
    return Taken(**{name: min(getattr(one, name) for one in taken) for name in figures}, said=taken[0].said)


def _slopes(seconds: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Seconds of each further MB, between sizes.

    >>> _slopes([1.0, 2.0, 6.0], [1, 2, 4])
    [1.0, 2.0]
    """
    return [(t - s) / (b - a) for (s, t), (a, b) in zip(pairwise(seconds), pairwise(sizes), strict=True)]


def _taken(size: float, levels: Sequence[Level]) -> dict[str, Taken]:
    """What each stage took over a text of `size` megabytes."""
    with TemporaryDirectory() as name:
        folder = Path(name, "project")
        make_project(folder, lambda params: _from_files(params, levels))
        write_text(folder / "data" / "text.txt", round(size * MEGABYTE))
        commands = [(stage, arguments) for stage, arguments in stages_of(folder) if stage.split("@")[0] in MEASURED]
        return {stage: measured(arguments, folder, env={}) for stage, arguments in commands}


def _from_files(params: dict[str, Any], levels: Sequence[Level]) -> None:
    params["run"]["levels"] = list(levels)
    params["corpus"] |= {"source": "files", "unit": "paragraph"}


@cache
def _paragraphs() -> list[str]:
    """Parsing the library takes seconds."""
    return list(python_docs())


def write_text(path: Path, size: int) -> None:
    """Write a text of `size` bytes or a paragraph more; a smaller size gives its beginning."""
    paragraphs = _paragraphs()
    rng = np.random.default_rng(1)
    written = number = 0
    with path.open("wb") as file:
        while written < size:
            for at in rng.permutation(len(paragraphs)):
                number += 1
                mark = f"{number}. " if number % NUMBERED == 0 else ""
                written += file.write(f"{mark}{paragraphs[at]}\n\n".encode())
                if written >= size:
                    break
