"""Pairs in three splits: no source in two of them, for its translation would be known."""

from collections.abc import Mapping, Sequence

from pipeline.base.errors import CorpusError
from pipeline.examples.pairs import Pair
from pipeline.examples.splits import check_nothing_empty, folded, split_of
from pipeline.text.params import HashSplit
from pipeline.tokens.batches import SPLITS

Dealt = tuple[dict[str, list[Pair]], dict[str, int]]
"""The splits, and how many pairs were left out of them and why."""


def by_hash(pairs: Sequence[Pair], split: HashSplit, task: str) -> Dealt:
    """Each pair once, where its source's hash says: pairs of one source are in one split. Case and white space do not
    tell sources apart.

    Raises:
        CorpusError: where a split is left without a pair.
    """
    kept: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        kept.setdefault((folded(pair.source), folded(pair.target)), pair)
    dealt: dict[str, list[Pair]] = {name: [] for name in SPLITS}
    for (source, _), pair in kept.items():
        dealt[split_of(source, split)].append(pair)
    check_nothing_empty(dealt, task)
    return dealt, {"read": len(pairs), "repeats": len(pairs) - len(kept)}


def as_given(splits: Mapping[str, Sequence[Pair]]) -> Dealt:
    """The splits as they are, but that pairs whose source is in a later split are left out: the test stays whole.

    Raises:
        CorpusError: where that leaves a split without a pair.
    """
    seen: set[str] = set()
    dealt: dict[str, list[Pair]] = {}
    for name in reversed(SPLITS):
        dealt[name] = [pair for pair in splits[name] if folded(pair.source) not in seen]
        if not dealt[name]:
            rule = f"{name} has a source that no later split has"
            raise CorpusError(splits[name][0].where, rule, "none", "add pairs, or set split.method: hash")
        seen |= {folded(pair.source) for pair in splits[name]}
    read, kept = (sum(map(len, found.values())) for found in (splits, dealt))
    return {name: dealt[name] for name in SPLITS}, {"read": read, "repeats": read - kept}
