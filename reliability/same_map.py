"""What `make same` lets two revisions differ in: the entries of reliability/same.yaml, and nothing else."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from pipeline.base.params import Section, check
from pipeline.params import read_yaml
from reliability.compare import ABSENT, contents, first_value

Text = Annotated[str, Field(min_length=1)]


class RenamedKey(Section):
    """A key, with all keys below it, that has another name in some JSON or JSON Lines files."""

    files: Text
    old: Text
    new: Text


class OneSidedKey(Section):
    """A key that only one side has in some JSON or JSON Lines files, with its value."""

    files: Text
    key: Text
    value: Any


class ExpectedDifference(Section):
    """Files that may differ, and why."""

    files: Text
    reason: Text
    tolerance: Annotated[float, Field(gt=0)] | None
    """What their numbers may differ by, relatively or absolutely; null where anything in them may differ."""


Entry = TypeVar("Entry", RenamedKey, OneSidedKey, ExpectedDifference)


class SameMap(Section):
    """The explicit list. Paths are those of the working tree, `*` is any part of one name, a folder is all its files.

    A name is dotted: `params.gradients.max_lag`.
    """

    renamed_params: Mapping[str, str]
    """Keys of params.yaml."""
    renamed_paths: Mapping[str, str]
    renamed_keys: Sequence[RenamedKey]
    dropped_keys: Sequence[OneSidedKey]
    added_keys: Sequence[OneSidedKey]
    expected_differences: Sequence[ExpectedDifference]

    @classmethod
    def load(cls, path: Path) -> "SameMap":
        """Read it.

        Raises:
            ParamsError: where it is not such a list.
        """
        return check(cls, read_yaml(path), path.name)

    def path(self, old: str) -> str:
        """Where the working tree has a file of BASE."""
        found = (moved(old, before, after) for before, after in self.renamed_paths.items())
        return next((path for path in found if path is not None), old)

    def param(self, new: str) -> str:
        """The key of BASE's params.yaml for one of the working tree's."""
        found = (renamed(new, after, before) for before, after in self.renamed_params.items())
        return next((key for key in found if key != new), new)

    def expected(self, path: str) -> ExpectedDifference | None:
        """The expected difference of a file."""
        return next(iter(_fitting(self.expected_differences, path)), None)

    def first_value(self, path: str, base: Path, here: Path) -> str | None:
        """The first value in which BASE's file and the working tree's differ where they must not, or None."""
        expected, drops, adds = self.expected(path), _fitting(self.dropped_keys, path), _fitting(self.added_keys, path)
        if expected and expected.tolerance is None:
            return None
        if base.read_bytes() == here.read_bytes() and not drops and not adds:
            return None
        renames = _fitting(self.renamed_keys, path)
        one = {_named(key, renames): value for key, value in contents(base).items()}
        two = dict(contents(here))
        wrong = _taken_out(one, drops, "dropped_keys") or _taken_out(two, adds, "added_keys")
        if difference := wrong or first_value(one, two, (expected and expected.tolerance) or 0.0):
            return difference
        return None if renames or drops or adds or expected else "other bytes for the same values"


def moved(path: str, before: str, after: str) -> str | None:
    """The new name of a file whose path, or whose folder's, is renamed; each `*` of both is the same text.

    >>> moved("out/memory/adding-gru-1/memory.json", "out/memory/*/memory.json", "out/tasks/*/scores.json")
    'out/tasks/adding-gru-1/scores.json'
    >>> moved("out/memory/adding-gru-1/record/record.json", "out/memory", "out/tasks")
    'out/tasks/adding-gru-1/record/record.json'
    >>> moved("out/memory.json", "out/memory", "out/tasks")
    """
    found = re.fullmatch(re.escape(before).replace(r"\*", "([^/]*)") + "(/.*)?", path)
    if found is None:
        return None
    *stars, rest = found.groups("")
    for star in stars:
        after = after.replace("*", star, 1)
    return after + rest


def renamed(key: str, before: str, after: str) -> str:
    """A dotted key with `before`, where it begins with that, renamed.

    >>> renamed("memory.adding.lengths", "memory.adding", "tasks.adding"), renamed("memory2", "memory", "tasks")
    ('tasks.adding.lengths', 'memory2')
    """
    return after + key[len(before) :] if key == before or key.startswith(f"{before}.") else key


def _fitting(entries: Sequence[Entry], path: str) -> list[Entry]:
    """The entries whose files a path is among."""
    return [entry for entry in entries if moved(path, entry.files, "") is not None]


def _named(key: str, renames: Sequence[RenamedKey]) -> str:
    """A key of a JSON file, or of a line of a JSON Lines file, as the working tree names it."""
    line, name = _line_and_name(key)
    for entry in renames:
        name = renamed(name, entry.old, entry.new)
    return line + name


def _taken_out(values: dict[str, Any], entries: Sequence[OneSidedKey], which: str) -> str | None:
    """Take one-sided keys out of a file's contents; what is wrong with them, or None."""
    for entry in entries:
        keys = [key for key in values if _line_and_name(key)[1] == entry.key]
        for value in [values.pop(key) for key in keys] or [ABSENT]:
            if difference := first_value({entry.key: entry.value}, {entry.key: value}):
                return f"{which} of same.yaml and the file: {difference}"
    return None


def _line_and_name(key: str) -> tuple[str, str]:
    line = re.match(r"line \d+\.|", key)
    assert line is not None
    return line[0], key[line.end() :]
