"""The project's stages, of all its pipeline files, as DVC knows them.

DVC rewrites the whole dvc.lock of a pipeline file after each of its stages, so a project may have more than one such
file. DVC puts the path of a file that is not at the root before the names of its stages. We call a stage by its name
alone, so that a run in MLflow keeps its name when the stage moves to another file.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import TrackingError

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import PipelineStage


@contextmanager
def repository(root: Path) -> "Iterator[Repo]":
    """The DVC repository that holds `root`, closed at the end.

    Raises:
        TrackingError: where there is none, or where DVC cannot make sense of it.
    """
    from dvc.exceptions import DvcException

    try:
        with _opened(root) as repo:
            yield repo
    except DvcException as error:
        raise _unreadable(root, error) from error


def _opened(root: Path) -> "Repo":
    from dvc.repo import Repo

    try:
        return Repo(str(root))
    except OSError as error:
        raise _unreadable(root, error) from error


def _unreadable(root: Path, error: Exception) -> TrackingError:
    what_to_do = "see what `dvc status` says (`git checkout FILE` brings back a damaged dvc.lock)"
    return TrackingError(str(root), "DVC must read the pipeline", " ".join(str(error).split()), what_to_do)


def selected_stages(repo: "Repo") -> "dict[str, PipelineStage]":
    """The stages that the pipeline files select, by name, the root's file first. A pointer of `dvc add` is none.

    Raises:
        TrackingError: where two files have a stage of the same name.
    """
    from dvc.stage import PipelineStage

    stages: dict[str, PipelineStage] = {}
    for stage in repo.index.stages:
        if isinstance(stage, PipelineStage):
            name = str(stage.name)
            if name in stages:
                rule, got = "each name in one pipeline file", f"{stages[name].relpath} and {stage.relpath}"
                raise TrackingError(f"stage {name}", rule, got, "rename one of the two")
            stages[name] = stage
    return stages


def running_stage(repo: "Repo", address: str) -> "PipelineStage | None":
    """The stage that DVC runs here and calls so; None where no pipeline file has it.

    Its file alone is read: to fill in a hundred stages takes longer than some of them. DVC gives the path from where
    it was called, and where that is not the root, all files are read.
    """
    from dvc.exceptions import DvcException
    from dvc.stage import PipelineStage

    path, _, name = address.rpartition(":")
    try:
        found = repo.stage.load_one(str(Path(repo.root_dir, path or "dvc.yaml")), name)
    except DvcException:
        return selected_stages(repo).get(name)
    assert isinstance(found, PipelineStage), "a stage with a name"
    return found


def lock_entries(repo: "Repo", stages: "Mapping[str, PipelineStage]") -> dict[str, Any]:
    """The entry of each stage, by name, in the dvc.lock of its file; a stage that has never run has none.

    DVC's own reader refuses a file that is cut, in conflict, or of another schema.
    """
    from dvc.dvcfile import Lockfile

    locks = {lock: Lockfile(repo, lock).load().get("stages", {}) for lock in {lock_of(s) for s in stages.values()}}
    return {name: locks[lock_of(stage)][name] for name, stage in stages.items() if name in locks[lock_of(stage)]}


def lock_of(stage: "PipelineStage") -> str:
    """The dvc.lock that has the stage's entry."""
    return str(Path(stage.path).with_suffix(".lock"))


def name_of(address: str) -> str:
    """The name of a stage that DVC calls so.

    >>> name_of("tasks/dvc.yaml:task@copying-gru-1"), name_of("../dvc.yaml:train@char-gru-1"), name_of("corpus")
    ('task@copying-gru-1', 'train@char-gru-1', 'corpus')
    """
    return address.rpartition("dvc.yaml:")[2]
