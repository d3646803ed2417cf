"""Processes, alive and dead."""

import os
import socket
import subprocess
import sys

from pipeline.tracking.process import is_dead, this_process


def test_processes_are_told_apart() -> None:
    host, pid, start = this_process().rsplit(" ", 2)
    assert not is_dead(this_process())
    assert is_dead(f"{host} {pid} {int(start) - 60}")  # the pid was used again
    assert not is_dead(f"another-{host} {pid} {int(start) - 60}")


def test_a_killed_process_is_dead_even_while_nobody_waited_for_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    import psutil

    process = f"{socket.gethostname()} {child.pid} {psutil.Process(child.pid).create_time():.0f}"
    assert not is_dead(process)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(process)  # a zombie
    child.wait()
    assert is_dead(process)
