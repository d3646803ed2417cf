"""Whether this working tree gives the bytes that another revision gives: `make same BASE=REV`.

A small project with every level, stage, default model and task, and two seeds, is run with the code of REV
and with the code of the working tree, and every file of every out is compared. Each side has its own params.yaml,
in which the same values are made small. What may differ is listed in reliability/same.yaml, and printed.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from pipeline.base.errors import EXIT_USER_ERROR, PipelineError
from pipeline.params import read_yaml
from reliability.compare import files
from reliability.project import ROOT, TASKS, change_params, checked, outs_of, run, small, stages_of, write_text
from reliability.same_map import SameMap

MAP = Path(__file__).with_name("same.yaml")
RUNNER = Path(__file__).with_name("one_process.py")
LEVELS = ("char", "word", "bpe")
NUM_LINES = 20
"""What is shown of a stage that fails."""
Commands = Sequence[Sequence[str]]
"""Stages of a project, in an order in which they can run, without `python`."""
Change = Callable[[dict[str, Any]], None]


def everything(params: dict[str, Any]) -> None:
    """Small values for every level, task and default model; with dropout, and one level in units."""
    params["run"] |= {"levels": list(LEVELS), "tasks": list(TASKS), "seeds": [1, 2]}
    small(params)
    params["batching"]["bpe"] = {"mode": "units"}
    for name in params["run"]["models"]:
        params["models"][name]["dropout"] = 0.1


@dataclass(frozen=True)
class Side:
    """One of the two projects that are compared."""

    name: str
    folder: Path

    def run(self, commands: Commands) -> None:
        """Run all stages."""
        (self.folder / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
        done = run(f"python '{RUNNER}' commands.json", self.folder)
        if done.returncode:
            lines = done.stderr.splitlines()[-NUM_LINES:]
            sys.exit("\n".join([f"{self.name}: a stage ended with {done.returncode}:", *lines]))

    def outs(self) -> dict[str, Path]:
        """Every file that the stages wrote, by its path in the project, in the order of the stages."""
        by_out = {out: files(out) for out in outs_of(self.folder)}
        for out, found in by_out.items():
            assert found, f"{self.name}: no file in {out}"  # nothing would be compared
        return {path.relative_to(self.folder).as_posix(): path for found in by_out.values() for path in found}


def compare(root: Path, base: str, same: SameMap, change: Change = everything) -> str:
    """Run both sides in `.work/same` of a repository, and say that they are equal; exit with 1 where they are not.

    Args:
        root: the repository.
        base: a revision of it.
        same: what may differ.
        change: makes the values of a params.yaml small.

    Raises:
        PipelineError: where there is no such revision.
    """
    base_side, side = lay_sides(root, base)
    make_small(base_side.folder, side.folder, same, change)
    base_stages, stages = stages_of_side(base_side), stages_of_side(side)
    with ThreadPoolExecutor() as pool:
        list(pool.map(Side.run, (base_side, side), (base_stages, stages)))
    outs = side.outs()
    if difference := first_difference(base_side.outs(), outs, same):
        sys.exit(f"not equal: {difference}\nThe outs of both are in {side.folder.parent}.")
    return "\n".join([*expected(outs, same), f"equal: {len(stages)} stages, {len(outs)} files"])


def stages_of_side(side: Side) -> Commands:
    """The commands of all its stages."""
    return [arguments for _, arguments in stages_of(side.folder)]


def lay_sides(root: Path, base: str) -> tuple[Side, Side]:
    """The code of a revision and that of the working tree, each with the small project's text, in `.work/same`."""
    base_tree, work = tree_of(base, root), root / ".work/same"
    shutil.rmtree(work, ignore_errors=True)
    sides = Side(f"BASE ({base})", work / "base"), Side("The working tree", work / "here")
    for side, tree in zip(sides, (base_tree, working_tree(root)), strict=True):
        unpack(tree, root, side.folder)
        write_text(side.folder)
    typer.echo(f"Compared: {base}, and the working tree with all that is not committed and not ignored.")
    return sides


def tree_of(revision: str, root: Path) -> str:
    """The Git tree of a revision."""
    done = run(f"git rev-parse --verify --quiet '{revision}^{{tree}}'", root)
    if done.returncode:
        raise PipelineError("make same", "BASE is one revision of this repository", revision, "name one, as in HEAD~1")
    return done.stdout.strip()


def working_tree(root: Path) -> str:
    """The working tree as a Git tree: what is committed or not, but for ignored files; Git's index is as before."""
    with TemporaryDirectory() as scratch:
        index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
        checked(run("git add --all .", root, index))
        return checked(run("git write-tree", root, index)).stdout.strip()


def unpack(tree: str, root: Path, folder: Path) -> None:
    """Lay the files of a Git tree of a repository into a folder."""
    with TemporaryDirectory() as scratch:
        archive = Path(scratch, "tree.tar")
        checked(run(f"git archive --output='{archive}' {tree}", root))
        shutil.unpack_archive(archive, folder, filter="data")


def make_small(base: Path, here: Path, same: SameMap, change: Change) -> None:
    """Change the params.yaml of the working tree, and each value of BASE's that this changes, where BASE has it."""
    before = read_yaml(here / "params.yaml")
    change_params(here, change)
    changes = changed(before, read_yaml(here / "params.yaml"))
    change_params(base, lambda params: set_present(params, {same.param(key): value for key, value in changes.items()}))


def changed(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values that differ, by dotted key; a mapping of other keys is one value.

    >>> changed({"run": {"seeds": [1], "levels": ["char"]}, "batching": {}}, {"run": {"seeds": [2], "levels": ["char"]},
    ... "batching": {"mode": "units"}})
    {'run.seeds': [2], 'batching': {'mode': 'units'}}
    """
    found: dict[str, Any] = {}
    for key, value in after.items():
        old = before.get(key)
        if isinstance(value, dict) and isinstance(old, dict) and value.keys() == old.keys():
            found |= changed(old, value, f"{prefix}{key}.")
        elif value != old:
            found[prefix + key] = value
    return found


def set_present(params: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Set values by dotted key; what has no such key is left as it is.

    >>> params = {"run": {"seeds": [1]}}
    >>> set_present(params, {"run.seeds": [2], "run.jobs": 3, "tasks.tagging.budget_tokens": 4})
    >>> params
    {'run': {'seeds': [2]}}
    """
    for dotted, value in changes.items():
        *parents, key = dotted.split(".")
        place: Any = params
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict) and key in place:
            place[key] = deepcopy(value)


def first_difference(base: Mapping[str, Path], here: Mapping[str, Path], same: SameMap) -> str | None:
    """The first file, in the order of the stages, and in it the first value that differs where it must not; or None."""
    base = {same.path(name): path for name, path in base.items()}
    for name in [*base, *(name for name in here if name not in base)]:
        if name not in here or name not in base:
            return f"{name}: only {'BASE' if name in base else 'the working tree'} has this file"
        if difference := same.first_value(name, base[name], here[name]):
            return f"{name}: {difference}"
    return None


def expected(here: Mapping[str, Path], same: SameMap) -> list[str]:
    """A line for each kind of difference that is allowed."""
    renames = {**same.renamed_params, **same.renamed_paths}
    lines = [f"renamed: {old} to {new}" for old, new in renames.items()]
    lines += [f"renamed in {entry.files}: {entry.old} to {entry.new}" for entry in same.renamed_keys]
    for which, entries in (("dropped", same.dropped_keys), ("added", same.added_keys)):
        lines += [f"{which} in {entry.files}: {entry.key}, {entry.value!r}" for entry in entries]
    for entry in same.expected_differences:
        number = sum(same.expected(name) is entry for name in here)
        within = "any difference" if entry.tolerance is None else f"numbers within {entry.tolerance:g}"
        lines.append(f"expected in {number} files, {entry.files}: {within}: {entry.reason}")
    return lines


def main(arguments: Sequence[str]) -> int:
    """Compare, and return the exit code."""
    try:
        if len(arguments) != 1:
            got, what_to_do = " ".join(arguments) or "none", "call it as `make same BASE=HEAD~1`"
            raise PipelineError("make same", "BASE is one revision of this repository", got, what_to_do)
        typer.echo(compare(ROOT, arguments[0], SameMap.load(MAP)))
    except PipelineError as error:
        typer.echo(error, err=True)
        return EXIT_USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
