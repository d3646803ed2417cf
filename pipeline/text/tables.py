"""Columns of a csv, tsv, jsonl or parquet file, as they are written there.

Readers that guess (pandas, and `datasets` with it) take a column for an index where rows are wider than the header,
`2020-01-01` for a time, `007` for a number and `NA` for nothing. Here a text comes out unchanged, or an error names its
row; what stands in other columns does not matter. A tsv has no quotes: its fields hold no tab and no line end.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.base.errors import CorpusError
from pipeline.text.files import opened, readable
from pipeline.text.utf8 import check_text

Columns = Mapping[str, str | None]
"""Names of columns by the key of params.yaml that names them; the first holds text."""
Cells = Iterator[tuple[str, tuple[object, ...]]]
"""The columns' values in each row, with its place in the file."""
PARQUET_ROWS = 1 << 10
"""Read at a time: a row may be a book."""
SHOWN_CHARACTERS = 40


def table_texts(file: Path, ending: str, column: str | None) -> Iterator[str]:
    """The texts of the column in each row.

    Raises:
        CorpusError: where the file is damaged, has no row, or has not this column, or a row holds no text.
    """
    for place, (value,) in table_rows(file, ending, {"corpus.column": column}):
        yield text_of(f"{file}: {place}", column, value)


def table_rows(file: Path, ending: str, columns: Columns) -> Cells:
    """The values of these columns in each row, with its place in the file.

    Raises:
        CorpusError: where the file is damaged, has no row, or has not these columns.
    """
    place = None
    with readable(str(file)):
        for place, values in READERS[ending](file, columns):
            yield place, values
    if place is None:
        raise CorpusError(str(file), "a table with rows", "none", "fill it, or take it out of the folder")


def text_of(where: str, column: str | None, value: object) -> str:
    """The value, unless it is no text; JSON can hold half of a surrogate pair, which no file can."""
    if not isinstance(value, str) or not _is_whole(value):
        rule = f"{column} holds text, without NUL characters and lone surrogates"
        raise CorpusError(where, rule, f"{value!r:.{SHOWN_CHARACTERS}}", "correct the row, or name another column")
    return value


def _is_whole(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def check_columns(found: list[str], where: str, columns: Columns) -> None:
    """Raise a CorpusError unless each of the columns is found once."""
    for key, column in columns.items():
        if column not in found:
            raise CorpusError(where, f"{key} is one of {found}", column, "name the right column")
        if found.count(column) > 1:
            raise CorpusError(where, f"one column is named {column}", found, "rename the others")


def _csv_cells(file: Path, columns: Columns) -> Cells:
    return _cells_of(file, _csv_rows(file, delimiter=","), columns)


def _tsv_cells(file: Path, columns: Columns) -> Cells:
    return _cells_of(file, _csv_rows(file, delimiter="\t", quoting=csv.QUOTE_NONE), columns)


def _cells_of(file: Path, rows: Iterator[tuple[str, list[str]]], columns: Columns) -> Cells:
    """The columns' values in rows of fields, the first of which holds their names."""
    _, header = next(rows, ("", []))
    if not header:
        return
    check_columns(header, str(file), columns)
    indices = [header.index(str(column)) for column in columns.values()]
    for place, row in rows:
        if len(row) != len(header):
            rule = f"each row has as many fields as the header, {len(header)}"
            what_to_do = "correct the row: in csv, a text that holds commas stands in quotes"
            raise CorpusError(f"{file}: {place}", rule, len(row), what_to_do)
        yield place, tuple(row[index] for index in indices)


def _csv_rows(file: Path, **dialect: Any) -> Iterator[tuple[str, list[str]]]:
    """Rows as RFC 4180 writes them, with the line where each begins; blank lines are no rows."""
    csv.field_size_limit(sys.maxsize)  # a text may be longer than 128 KiB
    start = 1
    with _lines(file) as lines:
        reader = csv.reader(lines, strict=True, **dialect)
        try:
            for row in reader:
                if row:
                    yield f"line {start}", row
                start = reader.line_num + 1
        except csv.Error as error:
            rule = "a row of CSV ends with its line, unless in quotes, and a quote in quotes is doubled"
            raise CorpusError(f"{file}: line {start}", rule, _said(error), "correct the row") from None


def _said(error: csv.Error) -> str:
    """What is wrong with a row, without advice for programmers."""
    return "a carriage return outside quotes" if "new-line character" in str(error) else str(error)


def _jsonl_cells(file: Path, columns: Columns) -> Cells:
    with _lines(file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                pairs = _pairs(line, f"{file}: line {number}")
                check_columns([key for key, _ in pairs], f"{file}: line {number}", columns)
                yield f"line {number}", tuple(dict(pairs)[str(column)] for column in columns.values())


def _pairs(line: str, where: str) -> tuple[tuple[str, object], ...]:
    """The keys and values of a JSON object in their order, a key that is repeated too."""
    try:
        pairs = json.loads(line, object_pairs_hook=tuple, parse_int=float)  # an int has 4300 digits at most
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, tuple):
        got = f"{line.rstrip():.{SHOWN_CHARACTERS}}"
        raise CorpusError(where, "each line is a JSON object", repr(got), "correct the line, or take it out")
    return pairs


def _lines(file: Path) -> TextIOWrapper:
    r"""Lines with their ends, `\n` alone: what else may look like a line end is a matter of the format."""
    check_text(file)
    return TextIOWrapper(opened(file), encoding="utf-8-sig", newline="\n")


def _parquet_cells(file: Path, columns: Columns) -> Cells:
    names = list(columns.values())
    with pq.ParquetFile(file) as table:
        schema = table.schema_arrow
        check_columns(schema.names, str(file), columns)
        kind = schema.field(names[0]).type
        if not _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            raise CorpusError(str(file), f"{names[0]} holds text", kind, "name another column")
        batches = table.iter_batches(PARQUET_ROWS, columns=names)
        rows = (zip(*(batch.column(name).to_pylist() for name in names), strict=True) for batch in batches)
        for number, values in enumerate(chain.from_iterable(rows), start=1):
            yield f"row {number}", values


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


READERS = {".csv": _csv_cells, ".tsv": _tsv_cells, ".jsonl": _jsonl_cells, ".parquet": _parquet_cells}
"""By the file's ending."""
