"""A shell that writes down what each command took. DVC runs stages by $SHELL, so that each line is of one stage.

It is run by itself, without this package: `python shell.py TIMES -c COMMAND`.
"""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path


def write_shell(path: Path, times: Path) -> None:
    """Write an executable that is /bin/sh, and adds a line to the file `times` for each command."""
    words = shlex.join([sys.executable, "-IS", __file__, str(times)])
    path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def main(times: str, *arguments: str) -> int:
    """Run /bin/sh with these arguments; returns its exit code."""
    start = time.perf_counter()
    process = subprocess.Popen(["/bin/sh", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    taken = {
        "stage": os.environ["DVC_STAGE"],
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }
    with open(times, "a", encoding="utf-8") as file:
        file.write(json.dumps(taken) + "\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
