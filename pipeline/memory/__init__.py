"""Tasks whose best possible score is known exactly, and how far a trained network remembers on them.

Each folder here is a task: it exports `TASK`, and its entry of params.yaml stands under `memory` by the folder's name.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pipeline.memory.contract import Task


def names() -> list[str]:
    """The tasks there are, by their folders."""
    return [found.name for found in iter_modules(__path__) if found.ispkg]


def load(name: str) -> Task[Any, Any]:
    """The task of a folder."""
    return import_module(f"{__name__}.{name}").TASK
