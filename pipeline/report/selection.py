"""Which items `run` and `memory.tasks` select, and the removal of those that it selects no longer.

The report depends on whole folders (out/train, ...), for DVC has no other way to say "all items of a matrix".
What an earlier selection left in them would change their hash and make `dvc status` differ from a fresh
clone's. DVC takes the hash after the stage has run, so the stage removes the leftovers first. Nothing is
lost: they stay in DVC's cache, and selecting the item again brings them back without a run.
"""

import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.base.artifacts import RECORD
from pipeline.base.params import RunParams, Task

PER_LEVEL = ("tokenization", "vocabulary", "baseline")
PER_SEED = ("train", "gradients", "sampling")


def item(level_or_task: str, model: str, seed: int) -> str:
    """Name of the folder of one training.

    >>> item("char", "gru", 1)
    'char-gru-1'
    """
    return f"{level_or_task}-{model}-{seed}"


def selected(run: RunParams, tasks: Sequence[Task]) -> Mapping[str, set[str]]:
    """Names of the folders that belong into each input."""
    levels: set[str] = set(run.levels)
    trained = _items(run.levels, run)
    per_seed = {name: trained for name in PER_SEED} | {"memory": _items(tasks, run)}
    return {name: levels for name in PER_LEVEL} | per_seed


def _items(levels_or_tasks: Sequence[str], run: RunParams) -> set[str]:
    return {item(*combination) for combination in itertools.product(levels_or_tasks, run.models, run.seeds)}


def remove_leftovers(folders: Mapping[str, Path], run: RunParams, tasks: Sequence[Task]) -> Iterator[Path]:
    """Remove the folders that a stage wrote for items which are selected no longer; yields each removed path.

    Only folders with a record are a stage's; whatever else lies there is not ours to remove.
    """
    for name, keep in selected(run, tasks).items():
        for path in sorted(folders[name].iterdir()):
            if path.name not in keep and (path / RECORD).is_dir():
                shutil.rmtree(path)
                yield path
