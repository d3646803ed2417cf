"""What a command took: seconds, peak memory, and what it said.

The command is the child of a small process of its own: Linux counts into a child's peak what its parent held when it
started it, and a parent that has imported torch holds more than many a stage needs.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts a process's peak."""
ALIEN = ("DVC_", "MLFLOW_", "PYTHON")
"""Environment of who runs the benchmark that would change what is measured."""


@dataclass(frozen=True)
class Taken:
    """What a command took."""

    seconds: float
    cpu_seconds: float
    """Of all its threads: other work on the machine moves them less."""
    peak_bytes: int
    """The most memory it had resident."""
    said: str
    """Its standard error."""


def measured(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Taken:
    """Run `python` with these arguments in a folder, with this code on its path.

    Raises:
        RuntimeError: where it does not end well.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ALIEN)}
    quiet = {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(ROOT)}
    watch = [sys.executable, "-P", __file__, sys.executable, *arguments]
    done = subprocess.run(watch, cwd=cwd, env={**kept, **quiet, **env}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return Taken(**json.loads(done.stdout), said=done.stderr)


def watch(command: Sequence[str]) -> int:
    """Run a command, write what it took to standard output, and return its exit code."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    cpu_seconds, peak_bytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_bytes": peak_bytes}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(watch(sys.argv[1:]))
