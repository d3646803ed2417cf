"""A project of its own in a folder: this code, this dvc.yaml, params.yaml with some values changed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT, measured
from reliability.project import change_params

PARTS = ("pipeline", "stages", "data", "dvc.yaml", "params.yaml", ".dvcignore")


def make_project(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Lay the project into an empty folder; `change` gets the content of params.yaml."""
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    change_params(folder, change)
    measured(["-m", "dvc", "init", "--quiet", "--no-scm"], folder, env={})
