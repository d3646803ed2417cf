"""One process at a time: locks that end with their process, however it ends."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.base.errors import BusyError


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock of this path, unless another process does; whether it is held by us.

    The kernel lets go of the lock when the process that holds it ends, so that no lock is ever stale.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(f"{path}.lock").acquire(timeout=0)
    except Timeout:
        yield False
        return
    with held:
        yield True


@contextmanager
def alone(path: Path, where: str) -> Iterator[None]:
    """Hold the lock of this path.

    Raises:
        BusyError: where another process holds it: its pid, and how to stop it.
    """
    holder = path.with_name(f"{path.name}.pid")
    with try_lock(path) as is_ours:
        if not is_ours:
            raise _taken(where, holder)
        holder.write_text(f"{os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield


def _taken(where: str, holder: Path) -> BusyError:
    who = holder.read_text(encoding="utf-8") if holder.exists() else "unknown"
    what_to_do = (
        f"wait for it, or stop it with `kill {who.split()[0]}`: it is perhaps left by a `dvc repro` that was killed"
    )
    return BusyError(where, "one process at a time", f"pid {who} at work on it", what_to_do)
