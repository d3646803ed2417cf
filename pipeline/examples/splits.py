"""Labelled texts in three splits, no text in two of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.examples.texts import Labelled
from pipeline.text.params import HashSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

Key = Callable[[str], str]
"""What two texts have in common that count as one."""
Dealt = tuple[dict[str, list[Labelled]], dict[str, int]]
"""The splits, and how many texts were left out of them and why."""
SPLIT_NAMES = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "testa": "validation",
    "test": "test",
    "testb": "test",
}
"""What a file's name says of its split; `testa` and `testb` are those of CoNLL-2003."""


def folded(text: str) -> str:
    r"""The text but for case and white space.

    >>> folded(" So  GOOD\n")
    'so good'
    """
    return " ".join(text.split()).casefold()


def by_hash(items: Sequence[Labelled], split: HashSplit, task: str, key: Key = folded) -> Dealt:
    """Each text once, where its key's hash says; a text that has two labels says nothing, and is left out.

    Raises:
        CorpusError: where a split is left without a text.
    """
    groups: dict[str, list[Labelled]] = {}
    for item in items:
        groups.setdefault(key(item.text), []).append(item)
    kept = {of: group for of, group in groups.items() if len({item.label for item in group}) == 1}
    dealt: dict[str, list[Labelled]] = {name: [] for name in SPLITS}
    for of, group in kept.items():
        dealt[split_of(of, split)].append(group[0])
    check_nothing_empty(dealt, task)
    two_labels = sum(len(group) for of, group in groups.items() if of not in kept)
    repeats = sum(len(group) - 1 for group in kept.values())
    return dealt, {"read": len(items), "repeats": repeats, "two_labels": two_labels}


def split_of(text: str, split: HashSplit) -> str:
    """The split where the hash of a text says.

    >>> split_of("a", HashSplit(method="hash", validation=0.1, test=0.1, seed=1))
    'test'
    """
    share = text_share(text, split.seed)
    return "test" if share < split.test else "validation" if share < split.test + split.validation else "train"


def check_nothing_empty(splits: Mapping[str, Sequence[object]], task: str) -> None:
    """Raise a CorpusError where a split is left without a text."""
    counts = {name: len(items) for name, items in splits.items()}
    if not all(counts.values()):
        where = f"params.yaml: tasks.{task}.split"
        raise CorpusError(where, "each split has a text", counts, "add texts, or make its share larger")


def as_given(splits: Mapping[str, Sequence[Labelled]], key: Key = folded) -> Dealt:
    """The splits as they are, but that a text of a later split is left out of the earlier ones: the test stays whole.

    Raises:
        CorpusError: where that leaves a split without a text.
    """
    seen: set[str] = set()
    dealt: dict[str, list[Labelled]] = {}
    for name in reversed(SPLITS):
        dealt[name] = [item for item in splits[name] if key(item.text) not in seen]
        if not dealt[name]:
            rule = f"{name} has a text that no later split has"
            raise CorpusError(splits[name][0].where, rule, "none", "add texts, or set split.method: hash")
        seen |= {key(item.text) for item in splits[name]}
    read, kept = (sum(map(len, found.values())) for found in (splits, dealt))
    return {name: dealt[name] for name in SPLITS}, {"read": read, "repeats": read - kept, "two_labels": 0}


def named_split(file: Path) -> str:
    """The split that a file's name says.

    Raises:
        CorpusError: where it says none.

    >>> named_split(Path("wnut17.dev.conll")), named_split(Path("my_train2.txt")), named_split(Path("eng.testb"))
    ('validation', 'train', 'test')
    """
    parts = re.findall(r"[a-z]+", file.name.lower())
    if found := [SPLIT_NAMES[part] for part in parts if part in SPLIT_NAMES]:
        return found[0]
    rule, what_to_do = "each file's name says train, validation (dev) or test", "rename it, or set split.method: hash"
    raise CorpusError(str(file), rule, file.name, what_to_do)
