"""Texts as examples: their tokens as ids, by a vocabulary that is learned from the training split alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from pipeline.base.errors import CorpusError
from pipeline.examples.params import SideParams, TextParams
from pipeline.examples.sets import Examples, Split
from pipeline.tokens.tokenization import pre_tokenizer, tokenize
from pipeline.tokens.units import normalize
from pipeline.tokens.vocabulary import Vocabulary, count_types, learn


@dataclass(frozen=True)
class Labelled:
    """A text and its class."""

    text: str
    label: str
    where: str
    """Its file and line."""


def text_examples(
    splits: Mapping[str, Sequence[Labelled]], params: TextParams, task: str, counts: Mapping[str, int]
) -> Examples:
    """Ids and classes of labelled texts.

    Args:
        splits: `train`, `validation` and `test`, none of them empty.
        task: its name in params.yaml.
        counts: what was read and left out before; `cut` is added, the texts that were longer than `max_steps`.

    Raises:
        CorpusError: where a class is in no training text, where there is one class alone, or no token is left.
    """
    classes = _classes(splits, f"params.yaml: tasks.{task}.path")
    vocabulary = learned([item.text for item in splits["train"]], params, f"params.yaml: tasks.{task}.text.min_count")
    read = {name: _encoded([item.text for item in items], vocabulary, params) for name, items in splits.items()}
    cut = sum(len(ids) > (params.max_steps or len(ids)) for rows in read.values() for ids in rows)
    made = {name: _split(items, classes, read[name], params) for name, items in splits.items()}
    return Examples(made, classes, vocabulary, counts={**counts, "cut": cut})


def _classes(splits: Mapping[str, Sequence[Labelled]], where: str) -> list[str]:
    classes = sorted({item.label for item in splits["train"]})
    if len(classes) < 2:
        raise CorpusError(where, "the training texts have two classes or more", classes, "add texts of another class")
    for item in (item for name in ("validation", "test") for item in splits[name]):
        if item.label not in classes:
            what_to_do = "correct the label, add training texts of this class, or take it out"
            raise CorpusError(item.where, f"its class is one of the training texts', {classes}", item.label, what_to_do)
    return classes


def learned(texts: Sequence[str], params: SideParams, where: str) -> Vocabulary:
    """The vocabulary of these texts.

    Args:
        where: the key of `min_count`, for the error.

    Raises:
        CorpusError: where no token occurs often enough.
    """
    read = pa.array([as_read(text, params) for text in texts], pa.string())
    counts = count_types([tokenize(read, params.scheme)])
    min_count = params.min_count if isinstance(params, TextParams) else 1
    if (most := max(counts.values(), default=0)) < min_count:
        rule = f"some token occurs {min_count} times in the training texts"
        raise CorpusError(where, rule, f"at most {most}", "lower it, or give more texts")
    return Vocabulary(learn(counts, params.max_size, params.scheme, min_count))


def as_read(text: str, params: SideParams) -> str:
    """What the network reads of a text: in NFC, as a corpus is read; the first word has a space before it, as others.

    >>> as_read("Cafe\u0301", TextParams(scheme="char", lower_case=True, max_steps=None, max_size=9, min_count=1))
    'café'
    """
    read = normalize(text.lower() if params.lower_case else text)
    return f" {read}" if params.scheme in ("pattern", "bytes") and not read[:1].isspace() else read


def tokens(text: str, params: SideParams) -> list[str]:
    """The tokens of a text, those beyond `max_steps` too; of byte-level BPE, the words in which it merges."""
    return [token for token, _ in pre_tokenizer(params.scheme).pre_tokenize_str(as_read(text, params))]


def encoded(texts: Sequence[str], vocabulary: Vocabulary, params: TextParams) -> list[Int[np.ndarray, " T"]]:
    """The ids of each text up to `max_steps`."""
    return _cut(_encoded(texts, vocabulary, params), params)


def _encoded(texts: Sequence[str], vocabulary: Vocabulary, params: TextParams) -> list[list[int]]:
    return vocabulary.encode_each([as_read(text, params) for text in texts])


def _cut(rows: Sequence[Sequence[int]], params: TextParams) -> list[Int[np.ndarray, " T"]]:
    return [np.array(ids[: params.max_steps], np.int64) for ids in rows]


def _split(
    items: Sequence[Labelled], classes: Sequence[str], rows: Sequence[Sequence[int]], params: TextParams
) -> Split:
    number = {label: np.array(i) for i, label in enumerate(classes)}
    return Split(_cut(rows, params), [number[item.label] for item in items], {"text": [item.text for item in items]})
