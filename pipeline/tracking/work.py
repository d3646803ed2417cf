"""What a stage did, as DVC tells it, and the key of it: the same work has the same key on every machine."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipeline.base.artifacts import RECORD
from pipeline.base.errors import TrackingError
from pipeline.tracking.graph import lock_entries, name_of, repository, running_stage, selected_stages

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage as DvcStage
    from dvc_data.hashfile.db import HashFileDB
    from dvc_data.hashfile.hash_info import HashInfo

WRITE_SECONDS = 10
"""The longest that DVC may take to write a dvc.lock; thousands of lines take it a second on a busy machine."""

CODE = ("pipeline", "stages")
"""Folders whose files are code; every other dependency is data."""


@dataclass(frozen=True)
class Work:
    """A stage's command, inputs and params: all that its result depends on."""

    stage: str
    """Name of the stage with its item, for example train@char-gru-1."""
    cmd: str | list[str]
    deps: Mapping[str, str]
    """MD5 of every dependency, as DVC takes it, by path."""
    params: Mapping[str, Any]
    """File -> key -> value."""

    @classmethod
    def from_lock(cls, stage: str, entry: Mapping[str, Any]) -> "Work":
        """The work that an entry of dvc.lock tells of."""
        deps = {dep["path"]: dep["md5"] for dep in entry.get("deps", [])}
        return cls(stage, entry["cmd"], deps, entry.get("params", {}))

    @property
    def key(self) -> str:
        """SHA-256 of command, deps and params, in hex.

        >>> Work("a", "echo", {}, {}).key == Work("b", "echo", {}, {}).key != Work("a", "true", {}, {}).key
        True
        """
        deps = [{"path": path, "md5": md5} for path, md5 in sorted(self.deps.items())]
        return content_hash({"cmd": self.cmd, "deps": deps, "params": self.params})

    @property
    def data(self) -> dict[str, str]:
        """The deps that are not code.

        >>> Work("a", "echo", {"pipeline/cells": "1", "out/corpus": "2.dir"}, {}).data
        {'out/corpus': '2.dir'}
        """
        return {path: md5 for path, md5 in self.deps.items() if Path(path).parts[0] not in CODE}

    @property
    def run_name(self) -> str:
        """The run's name in MLflow.

        >>> Work("train@char-gru-1", "", {}, {}).run_name
        'train char-gru-1'
        """
        return self.stage.replace("@", " ")


def content_hash(value: object) -> str:
    """SHA-256 of the value as canonical JSON, in hex.

    >>> content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class DoneStage:
    """A stage whose work is done."""

    work: Work
    open_out: Callable[[], AbstractContextManager[Path | None]]
    """The folder that holds its record, while the block runs; None where it cannot be had as it was then."""


@dataclass(frozen=True)
class Experiment:
    """An experiment that Git holds below refs/exps."""

    name: str
    commit: str


def locked_stages(repo: "Repo") -> list[DoneStage]:
    """What dvc.lock says was done. Leftovers of items that dvc.yaml no longer selects are not of the pipeline."""
    stages = selected_stages(repo)
    return [
        DoneStage(Work.from_lock(name, entry), partial(_out_of, stages[name]))
        for name, entry in lock_entries(repo, stages).items()
    ]


def experiments(repo: "Repo") -> list[Experiment]:
    """The experiments that Git holds, by name; there are none without Git."""
    from dvc.repo.experiments.utils import exp_refs
    from dvc.scm import Git

    if not isinstance(repo.scm, Git):
        return []
    found = {(ref.name, repo.scm.get_ref(str(ref))) for ref in exp_refs(repo.scm)}
    return [Experiment(name, commit) for name, commit in sorted(found)]


def experiment_stages(repo: "Repo", experiment: Experiment) -> list[DoneStage]:
    """What the dvc.lock of an experiment says was done, its outs out of DVC's cache."""
    from dvc.repo.brancher import switch

    with switch(repo, experiment.commit):
        stages = selected_stages(repo)
        return [
            DoneStage(Work.from_lock(name, entry), partial(_out_in_cache, _cached(stages[name])))
            for name, entry in lock_entries(repo, stages).items()
        ]


@contextmanager
def _out_of(stage: "DvcStage") -> Iterator[Path | None]:
    """The out as it lies in the workspace, if nobody changed it, else out of DVC's cache."""
    paths = (Path(out.fs_path) for out in stage.outs if not out.workspace_status())
    here = next((path for path in paths if (path / RECORD).is_dir()), None)
    with nullcontext(here) if here else _out_in_cache(_cached(stage)) as out:
        yield out


def _cached(stage: "DvcStage") -> "list[tuple[HashFileDB, HashInfo]]":
    """Where the cache of each out is, and under which MD5: an out of an experiment knows it while DVC is there."""
    return [(out.cache, out.hash_info) for out in stage.outs if out.hash_info]


@contextmanager
def _out_in_cache(outs: "Sequence[tuple[HashFileDB, HashInfo]]") -> Iterator[Path | None]:
    """A copy of the out from DVC's cache, if that holds all of it."""
    with TemporaryDirectory() as folder:
        places = [
            Path(folder, str(n)) for n, (cache, md5) in enumerate(outs) if _copied(cache, md5, Path(folder, str(n)))
        ]
        yield next((place for place in places if (place / RECORD).is_dir()), None)


def _copied(cache: "HashFileDB", md5: "HashInfo", place: Path) -> bool:
    """Copy a folder of DVC's cache to `place`; false where the cache lacks some of it."""
    from dvc_data.hashfile import load
    from dvc_data.hashfile.tree import Tree

    try:
        tree = load(cache, md5)
        if not isinstance(tree, Tree):
            return False
        for parts, _, file in tree:
            assert file is not None
            assert file.value is not None  # a folder of the cache names the MD5 of each of its files
            target = place.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(cache.oid_to_path(file.value), target)
        return True
    except FileNotFoundError:
        return False


def running_work(repo: "Repo") -> Work:
    """The work of the stage that this process runs: what dvc.lock will hold when it has ended well."""
    if "DVC_STAGE" not in os.environ:
        rule, what_to_do = "set by DVC, together with DVC_ROOT, for each stage", "unset DVC_ROOT, or use `dvc repro`"
        raise TrackingError("DVC_STAGE", rule, "DVC_ROOT alone", what_to_do)
    name, stage = name_of(os.environ["DVC_STAGE"]), running_stage(repo, os.environ["DVC_STAGE"])
    if stage is None:
        rule, what_to_do = "a stage of the pipeline", "leave the pipeline files as they are while a stage runs"
        raise TrackingError("DVC_STAGE", rule, name, what_to_do)
    return work_now(name, stage)


def work_now(name: str, stage: "DvcStage") -> Work:
    """The work of a stage on its inputs and params as they are now.

    The dependencies are hashed for it: DVC does so when the stage has ended.
    """
    from dvc.stage.serialize import to_single_stage_lockfile

    stage.save_deps()
    return Work.from_lock(name, to_single_stage_lockfile(stage))


def current_work() -> Work:
    """The work of the stage that DVC runs here.

    Another stage's DVC may be writing its dvc.lock, which is cut until it has: it is then read again.

    Raises:
        TrackingError: where DVC cannot make sense of the working directory.
    """
    until = time.monotonic() + WRITE_SECONDS
    while True:
        try:
            with repository(Path(".")) as repo:
                return running_work(repo)
        except TrackingError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
