"""Text cut into tokens, by the pre-tokenizers that `tokenizer.json` will hold.

char      Unicode code points
pattern   words and punctuation, each with the space before it (after GPT-2): joined, they are the text again
spaces    what stands between white space, for text that is tokenised already (WikiText, Penn Treebank): as
          `str.split()` cuts it. A line end within a unit ends a token and is none: no network predicts it, though it
          counts as a character. Where line ends are to be predicted, let them end the units (`unit: line`)
bytes     GPT-2's pretokens, in which byte-level BPE merges: joined, they are the text again
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Int
from tokenizers import Regex, pre_tokenizers

from pipeline.base.params import Level
from pipeline.tokens import batches
from pipeline.tokens.batches import code_points, lengths, read_column

Scheme = Literal["char", "pattern", "spaces", "bytes"]

WORDS = r" ?\w+| ?[^\w\s]+|\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""Radford et al. 2019, encoder.py; what `pre_tokenizers.ByteLevel` splits by."""

TOKENS = pa.list_(pa.dictionary(pa.int32(), pa.string()))
SCHEMA = pa.schema({"tokens": TOKENS})
WHITE_SPACE = r"[\s\x1c-\x1f]+"
"""What `str.isspace` says of all characters; the regular expressions of tokenizers leave four of them out."""
PIECE_CHARACTERS = 1 << 20
"""Characters given to a pre-tokenizer at a time: its answer takes some hundred bytes a token."""


@dataclass
class Tally:
    """What a split holds."""

    units: int = 0
    tokens: int = 0
    """EOS not counted."""
    characters: int = 0
    """Of the text; a unit's end counts as one."""
    types: set[str] = field(default_factory=set)
    """The different tokens."""

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """Sizes and ratios under `prefix`/.

        >>> Tally(units=2, tokens=3, characters=12).as_metrics("test")["test/tokens_per_unit"]
        1.5
        """
        return {
            f"{prefix}/tokens": float(self.tokens),
            f"{prefix}/characters": float(self.characters),
            f"{prefix}/types": float(len(self.types)),
            f"{prefix}/tokens_per_unit": self.tokens / self.units,
            f"{prefix}/characters_per_token": self.characters / max(self.tokens, 1),
        }


def scheme_of(level: Level, split: Literal["pattern", "spaces"] | None) -> Scheme:
    """The scheme of a level; `split` is the word level's choice.

    >>> scheme_of("word", "spaces"), scheme_of("bpe", None)
    ('spaces', 'bytes')
    """
    schemes: dict[Level, Scheme | None] = {"char": "char", "word": split, "bpe": "bytes"}
    scheme = schemes[level]
    assert scheme is not None, "params.yaml names the word level's split"
    return scheme


def pre_tokenizer(scheme: Scheme) -> pre_tokenizers.PreTokenizer:
    """The pre-tokenizer whose pieces, as plain text, are the scheme's tokens."""
    if scheme == "spaces":
        return pre_tokenizers.Split(Regex(WHITE_SPACE), behavior="removed")
    pattern = {"char": r"[\s\S]", "pattern": WORDS, "bytes": GPT2}[scheme]
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


def tokenize_split(texts: Path, tokens: Path, scheme: Scheme) -> Tally:
    """Write the tokens of one split of the corpus, a batch at a time, and return what it holds."""
    tally = Tally()
    with pq.ParquetWriter(tokens, SCHEMA) as file:
        for batch in read_column(texts, batches.SCHEMA):
            rows = tokenize(batch, scheme)
            check_nothing_lost(batch, rows, scheme)
            file.write_batch(pa.record_batch([rows], schema=SCHEMA))
            tally.units += len(batch)
            tally.tokens += len(rows.values)
            tally.characters += int(lengths(batch).sum()) + len(batch)
            tally.types.update(rows.values.dictionary.to_pylist())
    return tally


def read_tokens(path: Path) -> Iterator[pa.ListArray]:
    """The tokens of a split in batches, as `tokenize` made them; a dictionary for each batch."""
    return read_column(path, SCHEMA)


def tokenize(texts: pa.StringArray, scheme: Scheme) -> pa.ListArray:
    """The tokens of each text, as a list of codes into the batch's dictionary.

    >>> tokenize(pa.array(["To be, or", ""]), "pattern").to_pylist()
    [['To', ' be', ',', ' or'], []]
    """
    counts, values = _characters(texts) if scheme == "char" else _pretokens(texts, scheme)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, values).cast(TOKENS)


def _characters(texts: pa.StringArray) -> tuple[Int[np.ndarray, " N"], pa.DictionaryArray]:
    """Characters of each text, and all of them."""
    points = code_points(texts)
    present = np.flatnonzero(np.bincount(points))
    codes = np.searchsorted(present, points).astype(np.int32)
    return lengths(texts), pa.DictionaryArray.from_arrays(codes, pa.array(map(chr, present), pa.string()))


def _pretokens(texts: pa.StringArray, scheme: Scheme) -> tuple[Int[np.ndarray, " N"], pa.DictionaryArray]:
    """Pretokens of each text, and all of them."""
    cut = pre_tokenizer(scheme).pre_tokenize_str
    counts = np.zeros(len(texts), np.int64)
    chunks = []
    for number, text in enumerate(texts):
        for piece in pieces(text.as_py()):
            tokens = [token for token, _ in cut(piece)]
            counts[number] += len(tokens)
            chunks.append(pa.array(tokens, pa.string()))
    values = pa.chunked_array(chunks, pa.string()).dictionary_encode().combine_chunks()
    return counts, values if isinstance(values, pa.DictionaryArray) else pa.concat_arrays(values.chunks)


def pieces(text: str, size: int = PIECE_CHARACTERS) -> Iterator[str]:
    """The text in pieces of about `size` characters, cut where no pretoken crosses.

    That is before a space which follows a character that is no space: no pattern has a token that goes on with a
    space after another character, and none looks back.

    >>> list(pieces("to be  or not", size=3))
    ['to be', '  or', ' not']
    """
    start = 0
    while (end := text.find(" ", start + size)) >= 0:
        while end >= 0 and text[end - 1].isspace():
            end = text.find(" ", end + 1)
        if end < 0:
            break
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def check_nothing_lost(texts: pa.StringArray, tokens: pa.ListArray, scheme: Scheme) -> None:
    """Text in is text out; for `spaces` up to the white space between two tokens."""
    between = " " if scheme == "spaces" else ""
    joined = pc.call_function("binary_join", [tokens.cast(pa.list_(pa.string())), pa.scalar(between)])
    if scheme == "spaces":
        texts = pa.array([" ".join(text.split()) for text in texts.to_pylist()], pa.string())
    assert joined.equals(texts), f"the tokens of scheme {scheme} joined are not the text"
