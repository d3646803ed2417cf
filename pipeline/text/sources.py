"""Units of text from files and from the Hugging Face hub, read through `datasets` as streams: nothing is cached.

A file's bytes are checked first, in a pass of their own: what `datasets` says of bad ones names no file and no place.
"""

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import escape
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipeline.base.errors import CorpusError, PipelineError, disk_error
from pipeline.base.params import HubParams
from pipeline.tokens.units import Unit, group, normalize, units_of

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

BUILDERS = {".txt": "text", ".csv": "csv", ".jsonl": "json", ".parquet": "parquet"}
"""The builder of `datasets` for a file's ending."""
CHECKED_BYTES = 1 << 20
"""Read at a time by the check of a file's bytes."""
SHOWN_BYTES = 40
"""Of a line that is no JSON object."""
HUB_SECONDS = 4
"""That the hub may take to answer."""
JOINED_LINES = 1 << 16
"""Lines of a document joined at a time: a string a line takes more memory than the text."""


def files_of(path: Path) -> list[Path]:
    """The file itself, or the files below a folder by name: hidden ones and DVC's pointers (*.dvc) are not text.

    A link that leads nowhere is among them, so that what reads it can say so.
    """
    if path.is_file():
        return [path]
    found = (file for file in path.rglob("*") if file.is_file() or not file.exists())
    below = sorted(file for file in found if file.suffix != ".dvc")
    return [file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def file_units(files: Sequence[Path], column: str | None, unit: Unit) -> Iterator[str]:
    """The normalised units of the files, one file after the other.

    Raises:
        CorpusError: where a file has an unknown ending, bad bytes, or not this column.
    """
    for file in files:
        builder = _builder(file)
        if builder != "parquet":
            _check_bytes(file)
        if builder == "json":
            _check_objects(file)
        if builder == "text":
            yield from _text_units(file, column, unit)
        else:
            yield from _row_units(_table_rows(builder, file, column), unit)


def hub_units(hub: HubParams, column: str, unit: Unit, split: str) -> Iterator[str]:
    """The normalised units of one split of a set on the hub; HF_HUB_OFFLINE=1 reads what has been downloaded before.

    Raises:
        CorpusError: where the hub cannot be reached, or the set has not this split or column.
    """
    _check_hub(hub)
    with _loaded(f"hub: {hub.name}", hub.name, name=hub.config, split=split, streaming=hub.streaming) as rows:
        yield from _row_units(islice(_texts(rows, f"hub: {hub.name}", column), hub.max_units), unit)


def _builder(file: Path) -> str:
    """The builder for the file's ending, .gz looked through.

    >>> _builder(Path("a.txt.gz")), _builder(Path("a.b.csv"))
    ('text', 'csv')
    """
    ending = Path(file.stem).suffix if file.suffix == ".gz" else file.suffix
    if ending not in BUILDERS or file.name.endswith(".parquet.gz"):
        rule = "a corpus file ends with .txt, .csv, .jsonl (each also with .gz), or .parquet"
        raise CorpusError(str(file), rule, file.name, "convert it, or take it out of corpus.path")
    return BUILDERS[ending]


def _check_bytes(file: Path) -> None:
    """Read the file once, and raise a CorpusError where it is not UTF-8 or its gzip stream is damaged."""
    decoder, offset = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        with _opened(file) as stream:
            while chunk := stream.read(CHECKED_BYTES):
                offset -= len(decoder.getstate()[0])  # a character cut by the last chunk's end is decoded with this one
                decoder.decode(chunk)
                offset = stream.tell()
            offset -= len(decoder.getstate()[0])
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        got, what_to_do = f"0x{error.object[error.start]:02x}", "convert it, for example with iconv -t UTF-8"
        where = f"{file}: byte {offset + error.start}"
        raise CorpusError(where, "the text is UTF-8", got, what_to_do) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CorpusError(str(file), "a whole gzip file", error, "fetch or pack it again") from None
    except OSError as error:
        raise _unreadable(str(file), error) from None
    if offset == 0 and _builder(file) != "text":
        raise CorpusError(str(file), "a table with rows", "an empty file", "fill it, or take it out of corpus.path")


def _check_objects(file: Path) -> None:
    """Raise a CorpusError where a line is no JSON object: some others end pyarrow's reader, and with it the process."""
    with _opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                is_object = not line.strip() or isinstance(json.loads(line.decode("utf-8-sig")), dict)
            except (ValueError, RecursionError):
                is_object = False
            if not is_object:
                got = repr(line[:SHOWN_BYTES].decode(errors="replace"))
                raise CorpusError(
                    f"{file}: line {number}", "each line is a JSON object", got, "mend it, or take it out"
                )


def _opened(file: Path) -> BufferedIOBase:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def _text_units(file: Path, column: str | None, unit: Unit) -> Iterator[str]:
    """The units of a plain text, which comes as a stream of lines; a document is the file to its last character."""
    if column is not None:
        raise CorpusError(str(file), "plain text has no columns", f"corpus.column: {column}", "set it to null")
    with _loaded(str(file), "text", **_stream(file), keep_linebreaks=True) as rows:
        lines = (normalize(line) for line in _without_bom(_texts(rows, str(file), "text")))
        if unit == "document":
            yield "".join(iter(lambda: "".join(islice(lines, JOINED_LINES)), ""))
        else:
            yield from group((line.removesuffix("\n") for line in lines), unit)


def _without_bom(texts: Iterator[str]) -> Iterator[str]:
    """A byte-order mark before the first text is no text; `datasets` ignores the encoding utf-8-sig in a gzip file."""
    for first in islice(texts, 1):
        yield first.removeprefix("\ufeff")
    yield from texts


def _table_rows(builder: str, file: Path, column: str | None) -> Iterator[str]:
    """The column's texts."""
    options = _csv_options(file, column) if builder == "csv" else {}
    with _loaded(str(file), builder, **_stream(file), **options) as rows:
        yield from _texts(rows, str(file), column)


def _csv_options(file: Path, column: str | None) -> dict[str, Any]:
    """Read every column as text: `007` and `NA` stay what they are, and a number of 31 digits beside the text is none
    of ours. Reading this column alone would cut a row that has a comma too many, and say nothing."""
    import pandas
    from datasets import Features, Value

    with _readable(str(file)):
        columns = list(pandas.read_csv(file, nrows=0))
    _check_column(columns, str(file), column)
    return {"features": Features({name: Value("string") for name in columns}), "keep_default_na": False}


def _row_units(rows: Iterator[str], unit: Unit) -> Iterator[str]:
    for row in rows:
        yield from units_of(normalize(row), unit)


def _stream(file: Path) -> dict[str, Any]:
    """Options that read one local file as a stream; its name is no pattern."""
    return {"data_files": [escape(str(file))], "split": "train", "streaming": True}


@contextmanager
def _loaded(where: str, source: str, **options: Any) -> "Iterator[Dataset | IterableDataset]":
    """The data set, with a cache that vanishes."""
    from datasets import config, load_dataset

    config.HF_UPDATE_DOWNLOAD_COUNTS = False  # else a server of the hub's is told of every file that is read
    with TemporaryDirectory() as cache, _readable(where):
        yield load_dataset(source, cache_dir=cache, **options)


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """What goes wrong while a set is read is a PipelineError, and all that is said of it."""
    from datasets import logging
    from datasets.exceptions import DatasetsError

    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    except (DatasetsError, pa.ArrowException, ValueError, OSError) as error:
        raise _unreadable(where, error) from None


def _unreadable(where: str, error: Exception) -> PipelineError:
    """The disk may be to blame: a set of the hub is written before it is read."""
    of_disk = disk_error(error) if isinstance(error, OSError) else None
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return of_disk or CorpusError(where, "a text set that can be read", what, "mend it, or correct corpus")


def _texts(rows: "Dataset | IterableDataset", where: str, column: str | None) -> Iterator[str]:
    """The column's values, each of which is text."""
    for number, row in enumerate(rows, start=1):
        _check_column(list(row), where, column)
        if not isinstance(row[column], str):
            what_to_do = "mend the row, or name another column"
            raise CorpusError(f"{where}: row {number}", f"{column} holds text", repr(row[column]), what_to_do)
        yield row[column]


def _check_column(columns: list[str], where: str, column: str | None) -> None:
    if column not in columns:
        raise CorpusError(where, f"corpus.column is one of {columns}", column, "name the column that holds the text")


def _check_hub(hub: HubParams) -> None:
    """Ask the hub once: `datasets` alone tries for 23 s before it says that there is no network."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return
    try:
        HfApi().dataset_info(hub.name, timeout=HUB_SECONDS)
    except (HTTPError, OSError, ValueError) as error:
        what = " ".join(str(error).split())
        what_to_do = "correct corpus.hub.name, join the network, or set HF_HUB_OFFLINE=1 to read the local cache"
        raise CorpusError(f"hub: {hub.name}", "a set that the hub can give", what, what_to_do) from None
