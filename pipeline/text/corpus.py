"""The corpus: units of text from a source, dealt to train, validation and test, written as parquet.

Everything streams in batches, so that memory does not grow with the text.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.base.errors import CorpusError
from pipeline.text.files import files_of
from pipeline.text.params import CorpusParams, HashSplit, PositionSplit
from pipeline.text.python_docs import python_docs
from pipeline.text.sources import file_units, hub_units
from pipeline.text.splits import Dealt, by_hash, by_position
from pipeline.tokens.batches import SCHEMA, SPLITS, batched
from pipeline.tokens.units import units_of


@dataclass
class Tally:
    """What a split holds."""

    units: int = 0
    characters: int = 0
    """A unit's end counts as one."""
    seen: set[str] = field(default_factory=set)
    """The characters that occur."""

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the units of a batch."""
        for text in batch.column("text").to_pylist():
            self.units += 1
            self.characters += len(text) + 1
            self.seen.update(text)


def write_corpus(corpus: CorpusParams, path: Path, out: Path) -> Mapping[str, Tally]:
    """Write `out`/{train,validation,test}.parquet and return what each holds.

    Raises:
        CorpusError: where the source cannot be read, or a split would be empty.
    """
    tallies = {name: Tally() for name in SPLITS}
    with ExitStack() as stack:
        files = [stack.enter_context(_writer(out / f"{name}.parquet")) for name in SPLITS]
        for batch, splits in _dealt(corpus, path):
            for index, (tally, file) in enumerate(zip(tallies.values(), files, strict=True)):
                part = batch.filter(pa.array(splits == index))
                if part.num_rows:
                    tally.add(part)
                    file.write_batch(part)
    _check_nothing_empty(tallies)
    return tallies


def _writer(path: Path) -> pq.ParquetWriter:
    """A unit may be all of the text: a dictionary and statistics would each hold it once more."""
    return pq.ParquetWriter(path, SCHEMA, use_dictionary=False, write_statistics=False)


def _dealt(corpus: CorpusParams, path: Path) -> Dealt:
    match corpus.split:
        case HashSplit() as split:
            return by_hash(batched(_units(corpus, path)), split)
        case PositionSplit() as split:
            return by_position(batched(_units(corpus, path)), split, cut_units=corpus.unit == "document")
        case _:
            return _as_given(corpus, path)


def _units(corpus: CorpusParams, path: Path) -> Iterator[str]:
    """All units of a source whose own splits are not asked for; of a hub's set, those of its training split."""
    if corpus.source == "hub":
        return _hub_units(corpus, "train")
    if corpus.source == "files":
        return file_units(files_of(path), corpus.column, corpus.unit)
    return (unit for paragraph in python_docs() for unit in units_of(paragraph, corpus.unit))


def _as_given(corpus: CorpusParams, path: Path) -> Dealt:
    """The units of the source's own splits."""
    files = {} if corpus.source == "hub" else given_files(path)
    for index, name in enumerate(SPLITS):
        is_hub = corpus.source == "hub"
        units = _hub_units(corpus, name) if is_hub else file_units(files[name], corpus.column, corpus.unit)
        for batch in batched(units):
            yield batch, np.full(batch.num_rows, index)


def _hub_units(corpus: CorpusParams, split: str) -> Iterator[str]:
    assert corpus.hub is not None, "CorpusParams demands it"
    assert corpus.column is not None, "CorpusParams demands it"
    return hub_units(corpus.hub, corpus.column, corpus.unit, split)


def given_files(path: Path) -> dict[str, list[Path]]:
    """The files of each split, by what stands before the first dot of their names.

    Raises:
        CorpusError: where a split has no file, or a file no split.
    """
    files = files_of(path)
    if not path.is_dir() or {file.name.split(".")[0] for file in files} != set(SPLITS):
        rule = "split.method given needs a folder with train.*, validation.*, test.* and nothing else"
        names = [file.name for file in files[:10]]
        raise CorpusError(str(path), rule, names, "rename the files, or set corpus.split.method: hash or position")
    return {name: [file for file in files if file.name.split(".")[0] == name] for name in SPLITS}


def _check_nothing_empty(tallies: Mapping[str, Tally]) -> None:
    empty = [name for name, tally in tallies.items() if tally.characters == tally.units]
    counts = {name: tally.units for name, tally in tallies.items()}
    if len(empty) == len(SPLITS):
        raise CorpusError("params.yaml: corpus", "the source holds text", "none", "check corpus.path and corpus.unit")
    if empty:
        what_to_do = f"give {' and '.join(empty)} more: larger shares in corpus.split, or a smaller corpus.unit"
        raise CorpusError("params.yaml: corpus.split", "each split holds text", f"units: {counts}", what_to_do)
