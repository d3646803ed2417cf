"""Units of text from files and from the Hugging Face hub, as streams: nothing is cached.

The hub comes through `datasets`, tables row by row (see tables.py).
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipeline.base.errors import CorpusError
from pipeline.text.files import readable
from pipeline.text.params import HubParams
from pipeline.text.tables import READERS, check_columns, table_texts, text_of
from pipeline.text.utf8 import check_text
from pipeline.tokens.units import Unit, group, normalize, units_of

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

HUB_SECONDS = 4
"""That the hub may take to answer."""
JOINED_LINES = 1 << 16
"""Lines of a document joined at a time: a string a line takes more memory than the text."""


def file_units(files: Sequence[Path], column: str | None, unit: Unit) -> Iterator[str]:
    """The normalised units of the files, one file after the other.

    Raises:
        CorpusError: where a file has an unknown ending, bad bytes, or not this column.
    """
    for file in files:
        ending = _ending(file)
        if ending == ".txt":
            yield from _text_units(file, column, unit)
        else:
            yield from _row_units(table_texts(file, ending, column), unit)


def hub_units(hub: HubParams, column: str, unit: Unit, split: str) -> Iterator[str]:
    """The normalised units of one split of a set on the hub; HF_HUB_OFFLINE=1 reads what has been downloaded before.

    Raises:
        CorpusError: where the hub cannot be reached, or the set has not this split or column.
    """
    _check_hub(hub)
    with _loaded(f"hub: {hub.name}", hub.name, name=hub.config, split=split, streaming=hub.streaming) as rows:
        _check_no_csv(rows, hub)
        yield from _row_units(islice(_texts(rows, f"hub: {hub.name}", column), hub.max_units), unit)


def _check_no_csv(rows: "Dataset | IterableDataset", hub: HubParams) -> None:
    """`datasets` reads CSV with pandas, which takes the first column for an index where rows have a comma too many."""
    if rows.info.builder_name == "csv":
        command = f"hf download {hub.name} --repo-type dataset --include '*.csv' --local-dir FOLDER"
        what_to_do = f"get its files with `{command}`, and read them with corpus.source: files"
        raise CorpusError(f"hub: {hub.name}", "a set of parquet, JSON or text files", "CSV", what_to_do)


def _ending(file: Path) -> str:
    """The file's ending, .gz looked through.

    >>> _ending(Path("a.txt.gz")), _ending(Path("a.b.csv"))
    ('.txt', '.csv')
    """
    ending = Path(file.stem).suffix if file.suffix == ".gz" else file.suffix
    if ending not in (".txt", *READERS) or file.name.endswith(".parquet.gz"):
        rule = "a corpus file ends with .txt, .csv, .tsv, .jsonl (each also with .gz), or .parquet"
        raise CorpusError(str(file), rule, file.name, "convert it, or take it out of corpus.path")
    return ending


def _opened_text(file: Path) -> TextIOWrapper:
    """The file as lines that end in \\n, without a byte-order mark."""
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig")
    return file.open(encoding="utf-8-sig")


def _text_units(file: Path, column: str | None, unit: Unit) -> Iterator[str]:
    """The units of a plain text, which comes as a stream of lines; a document is the file to its last character."""
    if column is not None:
        raise CorpusError(str(file), "plain text has no columns", f"corpus.column: {column}", "set it to null")
    check_text(file)
    with _opened_text(file) as stream:
        lines = map(normalize, stream)
        if unit == "document":
            yield "".join(iter(lambda: "".join(islice(lines, JOINED_LINES)), ""))
        else:
            yield from group((line.removesuffix("\n") for line in lines), unit)


def _row_units(rows: Iterator[str], unit: Unit) -> Iterator[str]:
    for row in rows:
        yield from units_of(normalize(row), unit)


@contextmanager
def _loaded(where: str, source: str, **options: Any) -> "Iterator[Dataset | IterableDataset]":
    """The data set, with a cache that vanishes."""
    from datasets import config, load_dataset, logging
    from datasets.exceptions import DatasetsError

    logging.set_verbosity(logging.CRITICAL)
    config.HF_UPDATE_DOWNLOAD_COUNTS = False  # else a server of the hub's is told of every file that is read
    with TemporaryDirectory() as cache, readable(where, DatasetsError):
        yield load_dataset(source, cache_dir=cache, **options)


def _texts(rows: "Dataset | IterableDataset", where: str, column: str) -> Iterator[str]:
    """The column's values, each of which is text."""
    for number, row in enumerate(rows, start=1):
        check_columns(list(row), where, {"corpus.column": column})
        yield text_of(f"{where}: row {number}", column, row[column])


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
