"""Stages one after the other in one process, which imports torch once: `python one_process.py FILE`, in a project.

FILE lists their commands as DVC has them, without `python`, in JSON. The standard library alone: all else that is
imported is the project's own.
"""

import json
import os
import runpy
import shlex
import sys
from collections.abc import Sequence


def main(commands: Sequence[Sequence[str]]) -> None:
    """Run the stages of the working directory; the first that fails ends the process with its exit code."""
    sys.path[0] = os.getcwd()
    for option, module, *flags in commands:
        assert option == "-m"
        sys.argv = [module, *flags]
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if end.code:
                sys.stderr.write(f"python {shlex.join([option, module, *flags])}\n")
                raise
        _check_origin()


def _check_origin() -> None:
    """The code that ran is the project's, not that of an installed copy."""
    origin = str(sys.modules["pipeline"].__file__)
    assert origin.startswith(os.getcwd() + os.sep), f"ran the code of {origin}"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file))
