"""dvc.lock with its entries where `dvc repro` would put them.

DVC writes a stage's entry where it has one already, and a new one at the end. So new ones are in the order in which
their stages end: that of the graph if they run one by one, and any order if they run side by side.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.stage.output import WORK
from pipeline.tracking.graph import repository

BEFORE = WORK / "repro" / "before.json"
"""The entries that were there when a run began. It outlives a run that fails or is killed, so that the one that comes
to its end knows which are new."""


def entries_before(root: Path, locks: Mapping[Path, Sequence[str]]) -> dict[str, list[str]]:
    """The entries that were in each dvc.lock when this run, or one before it that did not come to its end, began."""
    path = root / BEFORE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".partial")
        scratch.write_text(json.dumps({str(lock): _entries(lock) for lock in locks}), encoding="utf-8")
        scratch.replace(path)
    return json.loads(path.read_text(encoding="utf-8"))


def sort_new_entries(root: Path, locks: Mapping[Path, Sequence[str]], before: Mapping[str, Sequence[str]]) -> None:
    """Sort the entries of each dvc.lock that were not there before as its stages are sorted."""
    from dvc.repo import lock_repo

    with repository(root) as repo, lock_repo(repo):
        for lock, order in locks.items():
            _sort(lock, before.get(str(lock), []), order)


def forget_before(root: Path) -> None:
    """The run has come to its end: what is in dvc.lock now is what was there before the next."""
    (root / BEFORE).unlink()


def in_order(names: Sequence[str], before: Collection[str], order: Sequence[str]) -> list[str]:
    """The names that were there before, then the new ones as in `order`.

    >>> in_order(["gone", "b", "d", "c", "a"], before=["gone", "b"], order=["a", "b", "c", "d"])
    ['gone', 'b', 'a', 'c', 'd']
    """
    rank = {name: number for number, name in enumerate(order)}
    return [
        *(name for name in names if name in before),
        *sorted((name for name in names if name not in before), key=lambda name: rank.get(name, len(rank))),
    ]


def _entries(lock: Path) -> list[str]:
    from dvc.utils.serialize import load_yaml

    return list(load_yaml(lock).get("stages", {})) if lock.exists() else []


def _sort(lock: Path, before: Collection[str], order: Sequence[str]) -> None:
    """Rewrite the file as DVC would, where its entries are in another order."""
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

    names = _entries(lock)
    wanted = in_order(names, before, order)
    if names == wanted:
        return
    content = parse_yaml_for_update(lock.read_text(encoding="utf-8"), lock)
    for name in wanted:
        content["stages"].move_to_end(name)
    scratch = lock.with_name(f"{lock.name}.partial")
    scratch.write_text(dumps_yaml(content), encoding="utf-8")
    scratch.replace(lock)
