"""Units of text as Arrow batches of bounded size: what the text stages hold in memory at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Int

from pipeline.base.artifacts import damaged

SPLITS = ("train", "validation", "test")
SCHEMA = pa.schema({"text": pa.string()})
"""A unit a row."""
BATCH_CHARACTERS = 1 << 22
"""Characters of a batch, a longer single unit aside."""


def batched(units: Iterable[str]) -> Iterator[pa.RecordBatch]:
    """The units in batches."""
    held: list[str] = []
    characters = 0
    for unit in units:
        held.append(unit)
        characters += len(unit) + 1  # the end counts, so that empty lines fill a batch, too
        if characters >= BATCH_CHARACTERS:
            yield as_batch(held)
            held, characters = [], 0
    if held:
        yield as_batch(held)


def as_batch(texts: list[str]) -> pa.RecordBatch:
    """The texts as one batch."""
    return pa.record_batch([pa.array(texts, pa.string())], schema=SCHEMA)


def read_column(path: Path, schema: pa.Schema) -> Iterator[pa.Array]:
    """The only column of a parquet file, one row group at a time: a batch as it was written.

    Raises:
        ArtifactError: where the file is missing, damaged, or of another schema.
    """
    try:
        with pq.ParquetFile(path) as file:
            if file.schema_arrow != schema:
                raise pa.ArrowInvalid(f"the columns are {file.schema_arrow}")
            for number in range(file.num_row_groups):
                yield file.read_row_group(number).column(0).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, error) from None


def code_points(texts: pa.Array) -> Int[np.ndarray, " C"]:
    """The characters of all texts, one after the other, as numbers.

    >>> code_points(pa.array(["aé", "", "😀"])).tolist()
    [97, 233, 128512]
    """
    joined = "".join(texts.to_pylist())
    return np.frombuffer(joined.encode("utf-32-le"), np.int32)


def lengths(texts: pa.Array) -> Int[np.ndarray, " N"]:
    """Characters of each text.

    >>> lengths(pa.array(["aé", "", "😀"])).tolist()
    [2, 0, 1]
    """
    return pc.call_function("utf8_length", [texts]).to_numpy(zero_copy_only=False).astype(np.int64)
