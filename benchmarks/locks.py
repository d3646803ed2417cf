"""CPU seconds of DVC itself where all stages share one pipeline file, and where the tasks' have one of their own.

`python -m benchmarks.locks`. The stages do nothing and have about as many deps and params as real ones; the seconds
are those of `dvc repro`, from nothing to the end, with the shells that it starts.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from benchmarks.process import ROOT, measured
from benchmarks.timing import in_turns, medians
from reliability.project import checked, run

STAGES, OF_TASKS = 43, 36
DEPS, PARAMS = 8, 25
ROUNDS = 2
DVC = ["-m", "dvc", "repro", "--quiet"]


def main() -> None:
    """Measure both in turns and print the ratio."""
    pairs = in_turns(lambda: cpu_seconds(two_files=True), lambda: cpu_seconds(two_files=False), ROUNDS)
    two, one, ratio = medians(pairs)
    typer.echo(f"{STAGES} + {OF_TASKS} stages: two files {two:.1f} s of CPU, one file {one:.1f}, ratio {ratio:.2f}")


def cpu_seconds(*, two_files: bool) -> float:
    """What `dvc repro` takes in a fresh project."""
    with TemporaryDirectory() as folder:
        make_trivial_project(Path(folder), STAGES, OF_TASKS, two_files=two_files)
        return measured(DVC, Path(folder), {}).cpu_seconds


def make_trivial_project(folder: Path, stages: int, of_tasks: int, *, two_files: bool) -> None:
    """A DVC project with so many stages, and a last one at the root that depends on all."""
    checked(run("git init -q", folder))
    checked(run("dvc init -q", folder))
    values = {f"value{number}": number for number in range(PARAMS)}
    names = [f"stage{number}" for number in range(stages + of_tasks)]
    last = {"last": stage("last", [f"out/{name}" for name in names])}
    every = {name: stage(name, [f"in{number}" for number in range(DEPS)]) for name in names}
    of_root = {name: every[name] for name in (names[:stages] if two_files else names)}
    files = {
        ".dvc/config": (ROOT / ".dvc/config").read_text(encoding="utf-8"),
        ".gitignore": "/out/\n",
        "params.yaml": json.dumps({"values": values}),
        "dvc.yaml": json.dumps({"stages": of_root | last}),
        **{f"in{number}/file": "text\n" for number in range(DEPS)},
    }
    if two_files:
        of_second = {name: {**every[name], "wdir": ".."} for name in names[stages:]}
        files["tasks/dvc.yaml"] = json.dumps({"stages": of_second})
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def stage(name: str, deps: Sequence[str]) -> dict[str, Any]:
    """A stage that writes its name."""
    write = f"mkdir -p out && echo {name} > out/{name}"
    return {"cmd": write, "deps": list(deps), "params": ["values"], "outs": [f"out/{name}"]}


if __name__ == "__main__":
    main()
