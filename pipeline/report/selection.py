"""Which items `run` selects, and the removal of those that it selects no longer.

The report depends on whole folders (out/train, ...), for DVC has no other way to say "all items of a matrix".
What an earlier selection left in them would change their hash and make `dvc status` differ from a fresh
clone's. DVC takes the hash after the stage has run, so the stage removes the leftovers first, if DVC's cache holds
them: selecting the item again brings them back without a run. What the cache lacks (`dvc repro --no-commit`, a
training or a copy made by hand) is left alone.
"""

import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.artifacts import Record
from pipeline.base.errors import ArtifactError
from pipeline.base.params import RunParams

if TYPE_CHECKING:
    from dvc.repo import Repo

PER_LEVEL = ("tokenization", "vocabulary", "baseline")
PER_SEED = ("train", "gradients", "sampling")


def item(level_or_task: str, model: str, seed: int) -> str:
    """Name of the folder of one training.

    >>> item("char", "gru", 1)
    'char-gru-1'
    """
    return f"{level_or_task}-{model}-{seed}"


def selected(run: RunParams) -> Mapping[str, set[str]]:
    """Names of the folders that belong into each input."""
    levels: set[str] = set(run.levels)
    trained = _items(run.levels, run)
    per_seed = {name: trained for name in PER_SEED}
    per_task = {"examples": set(run.tasks), "task": _items(run.tasks, run)}
    return {name: levels for name in PER_LEVEL} | per_seed | per_task


def _items(levels_or_tasks: Sequence[str], run: RunParams) -> set[str]:
    return {item(*combination) for combination in itertools.product(levels_or_tasks, run.models, run.seeds)}


def leftovers(folders: Mapping[str, Path], run: RunParams) -> list[Path]:
    """What lies in the inputs and belongs to no selected item, hidden files aside."""
    return [
        path
        for name, keep in selected(run).items()
        for path in sorted(folders[name].iterdir())
        if path.name not in keep and not path.name.startswith(".")
    ]


def remove_cached(paths: Sequence[Path]) -> Iterator[Path]:
    """Remove the results among them that DVC's cache holds whole, and yield each; what it lacks is left alone."""
    for path in _in_cache([path for path in paths if _is_result(path)]):
        shutil.rmtree(path)
        yield path


def _is_result(path: Path) -> bool:
    """Whether a stage wrote it under this name: the record of a copy tells of another item."""
    try:
        tags = Record.load(path).tags
    except ArtifactError:
        return False
    return path.name == "-".join(tags[name] for name in ("level", "task", "model", "seed") if name in tags)


def _in_cache(paths: Sequence[Path]) -> list[Path]:
    """Those that DVC's cache holds, file by file; none where there is no DVC. Importing it takes half a second."""
    if not paths or not Path(".dvc").is_dir():
        return []
    from dvc.repo import Repo

    with Repo(".") as repo:
        return [path for path in paths if _holds(repo, path)]


def _holds(repo: "Repo", path: Path) -> bool:
    from dvc_data.hashfile import check
    from dvc_data.hashfile.build import build
    from dvc_objects.errors import ObjectFormatError

    cache = repo.cache.local
    _, _, listed = build(cache, str(path.absolute()), repo.fs, cache.hash_name, dry_run=True)
    try:
        check(cache, listed)
    except (FileNotFoundError, ObjectFormatError):
        return False
    return True
