"""Pairs of texts as examples: the source as ids, and the target as ids of a vocabulary of its own.

Both vocabularies are learned from the training split alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int, Integer

from pipeline.base.errors import CorpusError
from pipeline.examples.params import SideParams
from pipeline.examples.sets import Examples, Split
from pipeline.examples.texts import as_read, learned
from pipeline.tokens.vocabulary import Vocabulary


@dataclass(frozen=True)
class Pair:
    """A text, and what it is translated to."""

    source: str
    target: str
    where: str
    """Its file and line."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What scores want to know of it, by name; the same names for all pairs."""


def pair_examples(
    splits: Mapping[str, Sequence[Pair]], source: SideParams, target: SideParams, task: str, counts: Mapping[str, int]
) -> Examples:
    """The pairs as ids; targets end with EOS. Notes are `source` and `reference`, the texts, and the pairs' own.

    Args:
        splits: `train`, `validation` and `test`, none of them empty.
        task: its name in params.yaml.
        counts: what was read and left out before; `too_long` is added.

    Raises:
        CorpusError: where no token occurs often enough, or all training pairs are too long.
    """
    train, where = splits["train"], f"params.yaml: tasks.{task}"
    of_source = learned([pair.source for pair in train], source, f"{where}.source.min_count")
    of_target = learned([pair.target for pair in train], target, f"{where}.target.min_count")
    made = {
        name: _split(pairs, ids_of([p.source for p in pairs], of_source, source),
                     ids_of([p.target for p in pairs], of_target, target))
        for name, pairs in splits.items()
    }  # fmt: skip
    made["train"] = _short_enough(made["train"], source, target, where)
    too_long = len(train) - len(made["train"])
    counts = {**counts, "too_long": too_long}
    return Examples(made, vocabulary=of_source, target_vocabulary=of_target, counts=counts)


def ids_of(texts: Sequence[str], vocabulary: Vocabulary, params: SideParams) -> list[Int[np.ndarray, " T"]]:
    """The ids of the texts of one side, whole."""
    return [np.array(ids, np.int64) for ids in vocabulary.encode_each([as_read(text, params) for text in texts])]


def text_of(ids: Iterable[int] | Integer[np.ndarray, " T"], vocabulary: Vocabulary) -> str:
    """The text of ids that a network wrote, without its EOS and the space before the first word."""
    return vocabulary.decode(ids).strip()


def _split(pairs: Sequence[Pair], sources: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> Split:
    ended = [np.append(ids, Vocabulary.EOS) for ids in targets]
    notes = {"source": [pair.source for pair in pairs], "reference": [pair.target for pair in pairs]}
    own = {name: [pair.notes[name] for pair in pairs] for name in pairs[0].notes}
    return Split(sources, ended, {**notes, **own})


def _short_enough(split: Split, source: SideParams, target: SideParams, where: str) -> Split:
    """The examples that are not longer than both sides may be."""
    kept = [
        i
        for i, (read, written) in enumerate(zip(split.inputs, split.targets, strict=True))
        if len(read) <= (source.max_steps or len(read)) and len(written) - 1 <= (target.max_steps or len(written))
    ]
    if not kept:
        rule = "some training pair has at most max_steps tokens on both sides"
        raise CorpusError(f"{where}.source and target", rule, "none", "make max_steps larger")
    notes = {name: [values[i] for i in kept] for name, values in split.notes.items()}
    return Split([split.inputs[i] for i in kept], [split.targets[i] for i in kept], notes)
