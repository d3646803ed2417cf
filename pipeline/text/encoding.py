"""A split's tokens as ids on disk, and what the vocabulary lacks of them.

Each different token is encoded once; the ids of all its occurrences are gathered from there.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from pipeline.text.spelling import CODE_POINT_NATS, SpellingModel
from pipeline.tokens.tokenization import Scheme
from pipeline.tokens.vocabulary import UNK_TOKEN, Vocabulary


@dataclass
class Tally:
    """What a split holds, as ids."""

    counts: Int[np.ndarray, " V"]
    """How often each id occurs."""
    unknown_types: Counter[str] = field(default_factory=Counter)
    """How often each token without an id of its own occurs."""

    @property
    def units(self) -> int:
        """Each is closed by one EOS."""
        return int(self.counts[Vocabulary.EOS])

    @property
    def tokens(self) -> int:
        """EOS counted."""
        return int(self.counts.sum())

    @property
    def unknown(self) -> int:
        """How often UNK occurs."""
        return int(self.counts[Vocabulary.UNK])

    @property
    def coverage(self) -> float:
        """The share of the text's tokens that have an id of their own; EOS is none of the text."""
        return 1 - self.unknown / max(self.tokens - self.units, 1)

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """Sizes and shares under `prefix`/.

        >>> Tally(np.array([1, 2, 5])).as_metrics("test")["test/unknown_rate"]
        0.25
        """
        return {
            f"{prefix}/tokens": float(self.tokens),
            f"{prefix}/tokens_per_unit": self.tokens / self.units,
            f"{prefix}/coverage": self.coverage,
            f"{prefix}/unknown_rate": self.unknown / self.tokens,
        }


def encode_split(batches: Iterable[pa.ListArray], vocabulary: Vocabulary, path: Path) -> Tally:
    """Write the ids of a split, every unit closed by EOS, as .npy of the smallest type that holds them."""
    tally = Tally(np.zeros(vocabulary.size, np.int64))
    with path.open("wb") as file:
        _write_header(file, 0, vocabulary.size)
        for ids, unknown_types in _encoded(batches, vocabulary):
            file.write(ids.astype(id_type(vocabulary.size)).tobytes())
            tally.counts += np.bincount(ids, minlength=vocabulary.size)
            tally.unknown_types.update(unknown_types)
        file.seek(0)
        _write_header(file, tally.tokens, vocabulary.size)
    return tally


def _write_header(file: BinaryIO, tokens: int, size: int) -> None:
    """The .npy header, which leaves room for its first axis to grow: it can be written again when all is counted."""
    descr = np.lib.format.dtype_to_descr(id_type(size))
    header = {"descr": descr, "fortran_order": False, "shape": (tokens,)}
    np.lib.format.write_array_header_1_0(file, header)


def id_type(size: int) -> np.dtype:
    """The smallest unsigned type that holds `size` itself, which is the begin token.

    >>> id_type(255), id_type(256)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.min_scalar_type(size)


def _encoded(
    batches: Iterable[pa.ListArray], vocabulary: Vocabulary
) -> Iterator[tuple[Int[np.ndarray, " T"], dict[str, int]]]:
    """The ids of each batch, and how often each token occurs in it that has none of its own."""
    for rows in batches:
        tokens = rows.flatten()
        types, codes = tokens.dictionary.to_pylist(), tokens.indices.to_numpy()
        ids_of_types = vocabulary.encode_each(types)
        occurrences = np.bincount(codes, minlength=len(types)).tolist()
        unknown = [code for code, ids in enumerate(ids_of_types) if ids == [Vocabulary.UNK]]
        yield gather(codes, np.diff(rows.offsets), ids_of_types), {types[code]: occurrences[code] for code in unknown}


def gather(
    codes: Int[np.ndarray, " K"], unit_sizes: Int[np.ndarray, " N"], ids_of_types: list[list[int]]
) -> Int[np.ndarray, " T"]:
    """The ids of K tokens, given those of each type; an EOS after each of N units.

    >>> gather(np.array([1, 0, 1]), np.array([2, 0, 1]), [[5], [6, 7]]).tolist()
    [6, 7, 5, 0, 0, 6, 7, 0]
    """
    sizes = np.array([len(ids) for ids in ids_of_types], np.int64)
    flat = np.array([i for ids in ids_of_types for i in ids], np.int64)
    starts, lengths = (np.cumsum(sizes) - sizes)[codes], sizes[codes]
    ends = np.cumsum(lengths)
    within = np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths)
    ids = flat[np.repeat(starts, lengths) + within]
    unit_ends = np.concatenate([[0], ends])[np.cumsum(unit_sizes)]
    return np.insert(ids, unit_ends, Vocabulary.EOS)


def spelling_nats(
    unknown_types: Mapping[str, Counter[str]], training_types: Iterable[str], scheme: Scheme
) -> dict[str, float]:
    """Nats to say what each UNK of a split stands for: a character among all of Unicode, a word by its characters.

    Together with -ln p(UNK) this is a code: p(UNK) p(token | UNK) over all unknown tokens adds up to p(UNK) at most.
    A text of the scheme `spaces` may hold <unk> itself. That has no spelling; it and each unknown word pay for saying
    which of the two they are (`mark_nats`).
    """
    counts = {name: _without_unk(types) for name, types in unknown_types.items()}
    if scheme == "char":
        return {name: float(sum(words.values()) * CODE_POINT_NATS) for name, words in counts.items()}
    nats = dict.fromkeys(counts, 0.0)
    if any(counts.values()):
        model = SpellingModel.fit([word for word in training_types if word != UNK_TOKEN])
        nats = {name: _spelled(words, model) for name, words in counts.items()}
    if scheme == "spaces":
        a_mark, a_word = mark_nats(unknown_types["train"])
        for name, types in unknown_types.items():
            nats[name] += a_mark * types[UNK_TOKEN] + a_word * sum(counts[name].values())
    return nats


def mark_nats(training: Counter[str]) -> tuple[float, float]:
    """-ln p of a mark <unk> and of an unknown word, each given UNK, by Laplace's rule from those of the training split.

    >>> mark_nats(Counter({"<unk>": 2, "cat": 1}))  # 3 in 5, and 2 in 5
    (0.5108256237659907, 0.916290731874155)
    """
    marks, all_unknown = training[UNK_TOKEN], sum(training.values())
    return -math.log((marks + 1) / (all_unknown + 2)), -math.log((all_unknown - marks + 1) / (all_unknown + 2))


def _without_unk(types: Counter[str]) -> dict[str, int]:
    return {word: types[word] for word in sorted(types) if word != UNK_TOKEN}


def _spelled(counts: Mapping[str, int], model: SpellingModel) -> float:
    """An exact sum: a product of BLAS depends on the number of its threads."""
    if not counts:
        return 0.0
    return math.fsum(np.array(list(counts.values())) * model.nats(list(counts)))
