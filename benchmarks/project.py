"""A project of its own in a folder: this code, this dvc.yaml, params.yaml with some values changed."""

import shlex
import shutil
from collections.abc import Callable, Iterator
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


def stages_of(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The selected stages in dvc.yaml's order: name, and what stands after `python` in the command."""
    from dvc.repo import Repo

    with Repo(str(folder)) as repo:
        for stage in repo.stage.load_all(str(folder / "dvc.yaml")):
            python, *arguments = shlex.split(str(stage.cmd))
            assert python == "python"
            yield stage.addressing.rpartition(":")[2], arguments
