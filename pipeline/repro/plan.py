"""Which stages may have to run, and what each of them waits for: DVC is asked once, in this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.errors import BusyError, PipelineError
from pipeline.tracking.graph import lock_of, repository, selected_stages

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage as DvcStage


@dataclass(frozen=True)
class Plan:
    """What `dvc repro` would look at, and what of it can have changed."""

    waits_for: Mapping[str, frozenset[str]]
    """The stages that have changed or depend on one that has, in the order of `dvc repro`; each with those of them that
    have to end before it starts. They are called as DVC calls them, by the path of a file that is not at the root, too.
    """
    num_stages: int
    """Of the targets and all that they depend on, changed or not."""
    locks: Mapping[Path, Sequence[str]]
    """Each dvc.lock, with the names of its entries in the order in which `dvc repro` runs everything."""


def make_plan(root: Path, targets: Sequence[str]) -> Plan:
    """Ask DVC what of the targets, or of all that `dvc repro` looks at, has to run.

    Raises:
        PipelineError: where a target is no stage.
        BusyError: where another DVC is at work on one of them.
        TrackingError: where DVC cannot make sense of the project.
    """
    from dvc.repo import lock_repo
    from dvc.repo.reproduce import get_active_graph, plan_repro

    with repository(root) as repo, _unless_busy(), lock_repo(repo):
        graph = get_active_graph(repo.index.graph)
        stages = plan_repro(graph, _collected(repo, targets))
        waits_for: dict[DvcStage, frozenset[DvcStage]] = {}
        for stage in stages:  # what a stage depends on comes before it
            upstream = frozenset(graph.successors(stage)) & waits_for.keys()
            if upstream or stage.changed():
                waits_for[stage] = upstream
        named = {stage.addressing: frozenset(of.addressing for of in wanted) for stage, wanted in waits_for.items()}
        return Plan(named, len(stages), _locks(plan_repro(graph, _collected(repo, []))))


@contextmanager
def _unless_busy() -> Iterator[None]:
    """Say in a sentence that another DVC holds a lock."""
    from dvc.lock import LockError

    try:
        yield
    except LockError as error:
        what_to_do = "wait until it has ended"
        raise BusyError(
            "unroll repro", "no other DVC at work here", " ".join(str(error).split()), what_to_do
        ) from error


def _collected(repo: "Repo", targets: Sequence[str]) -> "list[DvcStage]":
    """The stages that the targets name, with or without the path of their file; else those of the root's file."""
    from dvc.dvcfile import PROJECT_FILE
    from dvc.exceptions import DvcException
    from dvc.repo.reproduce import collect_stages

    try:
        return collect_stages(repo, [_address(repo, target) for target in targets] or [PROJECT_FILE])
    except DvcException as error:
        if not targets:
            raise
        got, what_to_do = " ".join(str(error).split()), "choose of those that `dvc stage list --all` names"
        raise PipelineError(f"unroll repro {' '.join(targets)}", "stages of dvc.yaml", got, what_to_do) from error


def _address(repo: "Repo", target: str) -> str:
    """What DVC calls the stage, or the stages of one matrix, of this name; it looks for a name in one file alone."""
    for name, stage in selected_stages(repo).items():
        if target in (name, name.partition("@")[0]):
            return str(stage.addressing).removesuffix(name) + target
    return target


def _locks(stages: "Sequence[DvcStage]") -> dict[Path, list[str]]:
    """The files that hold the stages' entries; a pointer of `dvc add` is a file of its own."""
    from dvc.stage import PipelineStage

    locks: dict[Path, list[str]] = {}
    for stage in stages:
        if isinstance(stage, PipelineStage):
            locks.setdefault(Path(lock_of(stage)), []).append(str(stage.name))
    return locks
