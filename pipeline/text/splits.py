"""Where each unit of a text goes: train, validation or test, by its hash or by its position."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int

from pipeline.text.params import HashSplit, PositionSplit
from pipeline.tokens.batches import SCHEMA, lengths

Dealt = Iterator[tuple[pa.RecordBatch, Int[np.ndarray, " N"]]]
"""Batches of N units, with the index into SPLITS of each."""


def by_hash(batches: Iterable[pa.RecordBatch], split: HashSplit) -> Dealt:
    """Each unit to the split that its own text's hash names: other text, added or taken away, moves it nowhere."""
    bounds = [split.test, split.test + split.validation]
    for batch in batches:
        shares = np.array([text_share(text, split.seed) for text in batch.column("text").to_pylist()])
        yield batch, 2 - np.searchsorted(bounds, shares, side="right")


def text_share(text: str, seed: int) -> float:
    """A number in [0, 1) that depends on the text and the seed alone, even over many texts.

    >>> text_share("a", seed=1) == text_share("a", seed=1) != text_share("a", seed=2)
    True
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8, salt=seed.to_bytes(16, "little")).digest()
    return (int.from_bytes(digest, "little") >> 11) / 2**53  # 53 bits: what a float holds exactly


def by_position(batches: Iterable[pa.RecordBatch], split: PositionSplit, cut_units: bool) -> Dealt:
    """The last `test` of all characters to test, the `validation` before it to validation.

    A cut inside a unit moves to the unit's end, or with `cut_units` divides it. The text is laid on disk first: where
    the cuts are is known at its end.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "units.arrow"
        characters = _store(batches, path)
        cuts = [int(characters * (1 - split.validation - split.test)), int(characters * (1 - split.test))]
        start = 0
        for batch in _stored(path):
            if cut_units:
                batch = _cut(batch, start, cuts)
            sizes = lengths(batch.column("text"))
            ends = start + np.cumsum(sizes)
            yield batch, np.searchsorted(cuts, ends - sizes, side="right")
            start = int(ends[-1])


def _store(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    """Write the batches to an Arrow file; returns their characters, units' ends not counted."""
    characters = 0
    with pa.ipc.new_file(path, SCHEMA) as file:
        for batch in batches:
            characters += int(lengths(batch.column("text")).sum())
            file.write_batch(batch)
    return characters


def _stored(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as stored, pa.ipc.open_file(stored) as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


def _cut(batch: pa.RecordBatch, start: int, cuts: list[int]) -> pa.RecordBatch:
    """The batch, whose first character is number `start`, with its units divided at the cuts.

    Arrow cuts its own UTF-8: a document may be all of the text, and as a Python string takes up to four times more.
    """
    texts, pieces = batch.column("text"), []
    for number, size in enumerate(lengths(texts).tolist()):
        inside = [cut - start for cut in cuts if start < cut < start + size]
        for i, j in pairwise([0, *inside, size]):
            pieces.append(pc.call_function("utf8_slice_codeunits", [texts.slice(number, 1)], pc.SliceOptions(i, j)))
        start += size
    return pa.record_batch([pa.concat_arrays(pieces)], schema=SCHEMA)
