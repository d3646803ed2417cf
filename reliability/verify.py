"""Whether the pipeline gives the same bytes twice: `make verify`, or `python -m reliability.verify`.

HEAD is cloned to two paths of different length and run from scratch in both, with small values, under environments
that differ in all that must not matter: in one by `dvc repro`, in the other by `unroll repro`. Each dvc.lock holds a
hash of every out, so that the two are compared by them.
"""

import shutil
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from pipeline.stage.environment import ENVIRONMENT_FILE
from reliability.compare import first_file
from reliability.project import ROOT, change_params, checked, lock_entries, locks, run, small, write_text


@dataclass(frozen=True)
class Surroundings:
    """Where a clone stands, and what its processes meet there."""

    path: str
    umask: int
    env: Mapping[str, str]
    command: str
    """What runs the pipeline."""


SURROUNDINGS = (
    Surroundings("a", 0o022, {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1"}, "dvc repro"),
    Surroundings(
        "a longer path, with spaces/unroll",
        0o077,
        # without the last two, Python would take UTF-8 in spite of the locale
        {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "python -m pipeline.cli repro",  # the clone's
    ),
)


MODELS = ("rnn", "gru", "bidirectional_lstm")
"""Every cell, and both directions: with all models, most of the time would go into starting processes."""


def main() -> None:
    """Run both, compare them, and exit: 0 where they are equal, 1 where they are not."""
    if run("git status --porcelain", ROOT).stdout:
        typer.echo("The working tree differs from HEAD: what is verified is HEAD.")
    with TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        one, two = pool.map(lambda around: reproduced(Path(folder), around), SURROUNDINGS)
        if difference := first_difference(one, two):
            sys.exit(f"not the same bytes twice: {difference}")
        typer.echo(f"The same bytes twice: {counted(one)}.")


def reproduced(folder: Path, around: Surroundings) -> Path:
    """A clone of HEAD in the folder, in which the whole pipeline has run."""
    clone = folder / around.path
    home = folder / f"home of {clone.name}"
    home.mkdir()
    checked(run(f"git clone --quiet '{ROOT}' '{clone}'", folder, umask=around.umask))
    for lock in locks(clone):
        (clone / lock).unlink()
    shutil.copy(ROOT / ENVIRONMENT_FILE, clone)  # of who runs this, perhaps newer than that of HEAD
    change_params(clone, few_models)
    write_text(clone)
    checked(run(around.command, clone, {**around.env, "HOME": str(home)}, around.umask))
    return clone


def few_models(params: dict[str, Any]) -> None:
    """Small values, and MODELS alone."""
    params["run"]["models"] = list(MODELS)
    small(params)


def counted(project: Path) -> str:
    """How much is in a project's dvc.lock files."""
    stages = lock_entries(project)
    outs = [out for stage in stages.values() for out in stage["outs"]]
    return f"{len(stages)} stages, {sum(out.get('nfiles', 1) for out in outs)} files"


def first_difference(one: Path, two: Path) -> str | None:
    """The first stage whose out differs, and in it the first file; or None. One with equal inputs comes first."""
    if _bytes_of_locks(one) == _bytes_of_locks(two):
        return None
    ours, theirs = lock_entries(one), lock_entries(two)
    different = [name for name, stage in ours.items() if stage != theirs.get(name)]
    for name in sorted(different, key=lambda name: ours[name].get("deps") != theirs.get(name, {}).get("deps")):
        for out in ours[name]["outs"]:
            if out not in theirs.get(name, {"outs": []})["outs"]:
                file = first_file(one, two, out["path"]) or f"{out['path']} as dvc.lock has it"
                return f"stage {name}: {file}"
        return f"stage {name}: the outs are equal; its command, dependencies or params in dvc.lock are not"
    return "the stages of dvc.lock, or their order"


def _bytes_of_locks(project: Path) -> dict[Path, bytes]:
    return {lock: (project / lock).read_bytes() for lock in locks(project)}


if __name__ == "__main__":
    main()
