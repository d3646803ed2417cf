"""What memory holds at most, so that the kernel does not have to kill what grows beyond it without a word."""

import resource
from pathlib import Path

from pipeline.base.errors import no_room

CONTAINER = Path("/sys/fs/cgroup/memory.max")
GIB = 2**30


def check_memory(num_bytes: int, what: str) -> None:
    """Refuse what needs more than there is: `num_bytes` is the least that `what` takes.

    Raises:
        PipelineError: where it is more than the memory of this machine, of its container or of this process.
    """
    most = memory_bytes()
    if num_bytes > most:
        raise no_room(what, f"{num_bytes / GIB:.1f} GiB at least, of {most / GIB:.1f}")


def memory_bytes() -> int:
    """What this process may take of memory."""
    import psutil

    limits = [psutil.virtual_memory().total]
    if CONTAINER.exists() and (said := CONTAINER.read_text().strip()) != "max":
        limits.append(int(said))
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return min([*limits, *([] if soft == resource.RLIM_INFINITY else [soft])])
