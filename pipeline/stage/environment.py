"""environment.yaml: the versions of Python and torch that decide bytes, where DVC can see them.

The stage that reads Python's own documentation names `python` among its params in dvc.yaml, those that compute with
torch name `torch`. So an upgrade makes these stages stale, like any other param that changes.
"""

import platform
from importlib.metadata import version
from pathlib import Path

from pipeline.base.errors import ParamsError
from pipeline.params import read_yaml

ENVIRONMENT_FILE = Path("environment.yaml")
HEAD = "# The versions that decide bytes. Written by `make setup` and `unroll environment`, not by hand.\n"


def running() -> dict[str, str]:
    """What runs here: of torch the release, whatever it was built for."""
    return {"python": platform.python_version(), "torch": version("torch").partition("+")[0]}


def write_environment(path: Path = ENVIRONMENT_FILE) -> list[str]:
    """Write down what runs here; returns what that changes, a line each."""
    changes = _differences(path) if path.exists() else []
    path.write_text(HEAD + "".join(f"{name}: {value}\n" for name, value in running().items()), encoding="utf-8")
    return changes


def check_environment(path: Path = ENVIRONMENT_FILE) -> None:
    """The file says what runs here.

    Raises:
        ParamsError: where it does not.
    """
    what_to_do = "run `unroll environment`, and `dvc repro` will run the stages that depend on it again"
    if differences := _differences(path):
        raise ParamsError([f"{path}: {difference}; {what_to_do}" for difference in differences])


def _differences(path: Path) -> list[str]:
    written = read_yaml(path)
    given = written if isinstance(written, dict) else {}
    return [
        f"{name} {value} runs here (the file names {given.get(name)})"
        for name, value in running().items()
        if str(given.get(name)) != value
    ]
