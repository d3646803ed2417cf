"""How much of each stage's time goes into imports, those inside its functions counted."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.page import Section
from benchmarks.process import measured
from reliability.project import make_project, stages_of

IMPORT = re.compile(r"^import time: +(\d+) \|", re.MULTILINE)
"""Microseconds of one module's import without those it imports itself, as Python tells them."""
LEVEL, MODEL, TASK, SEED = "char", "gru", "agreement", 1

METHOD = """\
The stages of one item, {item}, on the default corpus with the values of params.yaml, one after the other, as DVC runs \
them (with MLflow where a stage opens it; the time of DVC itself is not in it). Python writes down each import with \
its time (-X importtime), those inside functions, too; those of the process that logs beside a training are not among \
them."""


def imports() -> Section:
    """Run every stage of one item."""
    rows = []
    with TemporaryDirectory() as name:
        folder = Path(name, "project")
        make_project(folder, _one_item)
        for stage, arguments in stages_of(folder):
            by_dvc = {"DVC_ROOT": str(folder), "DVC_STAGE": stage}
            taken = measured(["-X", "importtime", *arguments], folder, by_dvc)
            seconds = seconds_of_imports(taken.said)
            rows.append([stage, f"{taken.seconds:.2f}", f"{seconds:.2f}", f"{seconds / taken.seconds:.0%}"])
    method = METHOD.format(item=f"{LEVEL}-{MODEL}-{SEED}")
    return Section("Imports", method, ["stage", "whole, s", "imports, s", "share"], rows)


def _one_item(params: dict[str, Any]) -> None:
    params["run"] |= {"levels": [LEVEL], "models": [MODEL], "tasks": [TASK], "seeds": [SEED]}


def seconds_of_imports(said: str) -> float:
    """The sum over all modules of their own import time.

    >>> seconds_of_imports("import time:       200 |        200 |   zlib\\nimport time:    300 |  500 | gzip\\n")
    0.0005
    """
    return sum(map(int, IMPORT.findall(said))) / 1e6
