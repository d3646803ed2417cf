"""In whose name a run is made: a process, and whether it is still there."""

import os
import socket


def this_process() -> str:
    """Host, pid and start of this process; a pid alone is used again."""
    import psutil

    return f"{socket.gethostname()} {os.getpid()} {psutil.Process().create_time():.0f}"


def is_dead(process: str) -> bool:
    """Whether the process is known to be gone; of another host nothing is known."""
    import psutil

    host, pid, start = process.rsplit(" ", 2)
    if host != socket.gethostname():
        return False
    try:
        found = psutil.Process(int(pid))
        return found.status() == psutil.STATUS_ZOMBIE or abs(found.create_time() - int(start)) > 2
    except psutil.NoSuchProcess:
        return True
