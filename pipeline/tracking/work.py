"""What a stage did, as DVC tells it, and the key of it: the same work has the same key on every machine."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.artifacts import RECORD
from pipeline.errors import TrackingError
from pipeline.params import read_yaml

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage as DvcStage

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
    find_out: Callable[[], Path | None]
    """The folder that holds its record; None unless the workspace has it as it was when the work was done."""


@contextmanager
def repository(root: Path) -> "Iterator[Repo]":
    """The DVC repository that holds `root`, closed at the end.

    Raises:
        TrackingError: where there is none, or where DVC cannot make sense of it.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        what = " ".join(str(error).split())
        raise TrackingError(str(root), "DVC must read the pipeline", what, "see what `dvc status` says") from error


def locked_stages(repo: "Repo") -> list[DoneStage]:
    """What dvc.lock says was done. Leftovers of items that dvc.yaml no longer selects are not of the pipeline."""
    lock = Path(repo.root_dir, "dvc.lock")
    if not lock.exists():
        return []
    entries = read_yaml(lock)["stages"]
    selected = {_name(stage.addressing): stage for stage in repo.stage.load_all(str(lock.with_name("dvc.yaml")))}
    return [
        DoneStage(Work.from_lock(name, entries[name]), partial(_unchanged_out, stage))
        for name, stage in selected.items()
        if name in entries
    ]


def _name(addressing: str) -> str:
    """The stage's name alone: DVC puts the path of dvc.yaml before it when called from another folder.

    >>> _name("../dvc.yaml:train@char-gru-1"), _name("corpus")
    ('train@char-gru-1', 'corpus')
    """
    return addressing.rpartition("dvc.yaml:")[2]


def _unchanged_out(stage: "DvcStage") -> Path | None:
    for out in stage.outs:
        path = Path(out.fs_path)
        if (path / RECORD).is_dir() and not out.workspace_status():
            return path
    return None


def running_work(repo: "Repo") -> Work:
    """The work of the stage that this process runs: what dvc.lock will hold when it has ended well.

    The dependencies are hashed now: DVC does so when the stage has ended.
    """
    from dvc.stage.serialize import to_single_stage_lockfile

    name = _name(os.environ["DVC_STAGE"])
    stage = repo.stage.load_one(str(Path(repo.root_dir, "dvc.yaml")), name)
    stage.save_deps()
    return Work.from_lock(name, to_single_stage_lockfile(stage))


def current_work() -> Work:
    """The work of the stage that DVC runs here.

    Raises:
        TrackingError: where DVC cannot make sense of the working directory.
    """
    with repository(Path(".")) as repo:
        return running_work(repo)
