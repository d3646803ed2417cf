"""How work that was killed goes on: what it had done is kept outside its out, and found again by what it does.

    .work/resume/KEY.N/        a place of one work (KEY: its stage key, of command, inputs and params)
        state-00000117.pt      the last two states, by step
        files/                 parts of the out that the states speak of, each written once

A state is written beside its name, flushed to the disk and renamed, so that whoever is killed, and whenever, leaves
whole states alone. A first line tells key, checksum, and the checksum of each file; what does not fit is not used.
"""

import hashlib
import io
import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import PipelineError
from pipeline.stage.locks import try_lock

if TYPE_CHECKING:
    import psutil

STATES_KEPT = 2


class ResumePlace:
    """The place of one work that goes on where it was killed."""

    def __init__(self, folder: Path, key: str, every_seconds: float) -> None:
        self.folder, self.key, self.every_seconds = folder, key, every_seconds
        self.files = folder / "files"
        """For parts of the out that are there before its end. A file never changes once a state was saved."""
        self.files.mkdir(parents=True, exist_ok=True)
        self._checksums: dict[str, str] = {}
        self._last_saved = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether a state was last saved, or begun with, so many seconds ago."""
        return time.monotonic() - self._last_saved >= self.every_seconds

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Keep what is needed to go on after so many steps: tensors, numbers, text, and lists and dicts of them."""
        import torch

        buffer = io.BytesIO()
        torch.save(dict(state), buffer)
        head = {"key": self.key, "sha256": _sha256(buffer.getbuffer()), "files": self._sums()}
        line = json.dumps(head, sort_keys=True).encode() + b"\n"
        write_durably(self.folder / f"state-{step:08d}.pt", lambda file: file.write(line + buffer.getbuffer()))
        for old in self._states()[STATES_KEPT:]:
            old.unlink()
        self._last_saved = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The newest state that is whole, and of this work; files that it does not speak of are deleted.

        None where there is no such state: the work begins anew.
        """
        for path in self._states():
            try:
                head, state = self._read(path)
            except _UnusableError as reason:
                sys.stderr.write(f"{path}: not used ({reason}); an older state is, or the stage begins anew\n")
                path.unlink()  # else it would count as one of those that are kept
                continue
            self._drop_files(keep=head["files"])
            return state
        self._drop_files(keep={})
        return None

    def clear(self) -> None:
        """Delete it all: the work is done."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _states(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob("state-*.pt"), reverse=True)

    def _read(self, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
        import torch

        line, _, content = path.read_bytes().partition(b"\n")
        try:
            head = json.loads(line)
            key, checksum, files = head["key"], head["sha256"], dict(head["files"])
        except (ValueError, KeyError, TypeError):
            raise _UnusableError("its first line is damaged") from None
        if key != self.key:
            raise _UnusableError("it is of other work")
        if checksum != _sha256(content):
            raise _UnusableError("its checksum is wrong")
        for name, expected in files.items():
            file = self.files / name
            if not file.is_file() or _sha256(file.read_bytes()) != expected:
                raise _UnusableError(f"files/{name} is not what it was")
        try:
            return head, torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # torch has no class of its own for what it will not load
            raise _UnusableError(f"it holds more than tensors and plain values: {type(error).__name__}") from None

    def _sums(self) -> dict[str, str]:
        """Name and checksum of each file, flushed to the disk when it is seen for the first time."""
        for path in sorted(self.files.glob("*")):
            if path.name not in self._checksums:
                _flush(path)
                self._checksums[path.name] = _sha256(path.read_bytes())
        return dict(self._checksums)

    def _drop_files(self, keep: Mapping[str, str]) -> None:
        self._checksums = dict(keep)
        for path in self.files.glob("*"):
            if path.name not in keep:
                path.unlink()


class _UnusableError(Exception):
    """Why a state cannot be used."""


@contextmanager
def resumption(work: Path, key: str, every_seconds: float) -> Iterator[ResumePlace]:
    """The place below `work` for the work of this key; deleted when the block ends well, or with a user's error.

    The same work may run in two workspaces at once, as experiments do: each has a place of its own, and one that was
    left by a killed process is taken over, the one that got farthest first. What an orphan has done stays here: DVC,
    which would keep its result, is gone, and will ask for it again.
    """
    with _free_place(work, key) as folder:
        resume, starters = ResumePlace(folder, key, every_seconds), _starters()
        try:
            yield resume
        except PipelineError:
            resume.clear()  # what cannot go well cannot go on
            raise
        if _are_there(starters):
            resume.clear()


def _starters() -> "list[psutil.Process]":
    """The processes that have started this one, as far as its process group reaches: a shell perhaps, DVC, make."""
    import psutil

    return [process for process in psutil.Process().parents() if os.getpgid(process.pid) == os.getpgrp()]


def _are_there(processes: "Sequence[psutil.Process]") -> bool:
    """Whether all of them still run; a pid that was given to another process since is not taken for the old one."""
    import psutil

    return all(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@contextmanager
def _free_place(work: Path, key: str) -> Iterator[Path]:
    (work / "resume").mkdir(parents=True, exist_ok=True)
    left = sorted((work / "resume").glob(f"{key}.*"), key=_newest_state, reverse=True)
    new = (work / "resume" / f"{key}.{n}" for n in itertools.count())
    for folder in itertools.chain(left, new):
        with try_lock(work / "locks" / folder.name) as is_ours:
            if is_ours:
                yield folder
                return


def _newest_state(folder: Path) -> str:
    return max((path.name for path in folder.glob("state-*.pt")), default="")


def write_durably(path: Path, write: Callable[[io.BufferedWriter], object]) -> None:
    """Write a file so that its name holds all of it or what it held before, even when the power fails."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _flush(path.parent)


def _flush(path: Path) -> None:
    """Have the disk hold the file, or the names in the folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
