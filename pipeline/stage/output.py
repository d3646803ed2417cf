"""How an out is written: by one process at a time, and put in its place whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pipeline.base.artifacts import RECORD
from pipeline.base.errors import ArtifactError
from pipeline.stage.locks import alone

WORK = Path(".work")
"""Scratch beside the outs, ignored by Git and DVC."""


def check_out(out: Path) -> None:
    """What is in the out's place is deleted when the stage has ended well, so it must be a stage's result.

    Raises:
        ArtifactError: where it is something else.
    """
    is_free = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    if not is_free and not (out / RECORD).is_dir():
        rule, what_to_do = "a new folder, or one that a stage wrote", "name another, or move what is there"
        raise ArtifactError(f"--out {out}", rule, "a folder of other files" if out.is_dir() else "a file", what_to_do)


def alone_at(out: Path) -> AbstractContextManager[None]:
    """No second process writes this out: a `dvc repro` that is killed leaves its stage at work."""
    return alone(WORK / "locks" / _name(out), str(out))


@contextmanager
def written_whole(out: Path) -> Iterator[Path]:
    """A scratch folder that takes the place of `out` when the block ends well, and vanishes when it does not."""
    scratch = WORK / "partial" / _name(out)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        _put_in_place(scratch, out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put_in_place(scratch: Path, out: Path) -> None:
    """The result that was there is moved aside, and deleted when the new one is in its place."""
    old = scratch.with_name(f"{scratch.name}.old")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(out, old)
    os.replace(scratch, out)
    shutil.rmtree(old, ignore_errors=True)


def _name(out: Path) -> str:
    """What scratch and lock of an out are called."""
    return "-".join(out.parts[-3:])
