"""One column of a csv, jsonl or parquet file, as it is written there.

Readers that guess (pandas, and `datasets` with it) take a column for an index where rows are wider than the header,
`2020-01-01` for a time, `007` for a number and `NA` for nothing. Here a text comes out unchanged, or an error names its
row; what stands in other columns does not matter.
"""

import csv
import json
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.base.errors import CorpusError
from pipeline.text.files import opened, readable
from pipeline.text.utf8 import check_text

Cells = Iterator[tuple[str, object]]
"""The column's values, each with its place in the file."""
PARQUET_ROWS = 1 << 10
"""Read at a time: a row may be a book."""
SHOWN_CHARACTERS = 40


def table_texts(file: Path, ending: str, column: str | None) -> Iterator[str]:
    """The texts of the column in each row.

    Raises:
        CorpusError: where the file is damaged, has no row, or has not this column, or a row holds no text.
    """
    place = None
    with readable(str(file)):
        for place, value in READERS[ending](file, column):
            yield text_of(f"{file}: {place}", column, value)
    if place is None:
        raise CorpusError(str(file), "a table with rows", "none", "fill it, or take it out of corpus.path")


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


def check_column(columns: list[str], where: str, column: str | None) -> None:
    """Raise a CorpusError unless one of the columns has this name."""
    if column not in columns:
        raise CorpusError(where, f"corpus.column is one of {columns}", column, "name the column that holds the text")
    if columns.count(column) > 1:
        raise CorpusError(where, f"one column is named {column}", columns, "rename the others")


def _csv_cells(file: Path, column: str | None) -> Cells:
    rows = _csv_rows(file)
    _, header = next(rows, ("", []))
    if not header:
        return
    check_column(header, str(file), column)
    index = header.index(str(column))
    for place, row in rows:
        if len(row) != len(header):
            rule = f"each row has as many fields as the header, {len(header)}"
            raise CorpusError(f"{file}: {place}", rule, len(row), "quote a text that holds commas, or correct the row")
        yield place, row[index]


def _csv_rows(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Rows as RFC 4180 writes them, with the line where each begins; blank lines are no rows."""
    csv.field_size_limit(sys.maxsize)  # a text may be longer than 128 KiB
    start = 1
    with _lines(file) as lines:
        reader = csv.reader(lines, strict=True)
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


def _jsonl_cells(file: Path, column: str | None) -> Cells:
    with _lines(file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.isspace():
                pairs = _pairs(line, f"{file}: line {number}")
                check_column([key for key, _ in pairs], f"{file}: line {number}", column)
                yield f"line {number}", next(value for key, value in pairs if key == column)


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


def _parquet_cells(file: Path, column: str | None) -> Cells:
    with pq.ParquetFile(file) as table:
        schema = table.schema_arrow
        check_column(schema.names, str(file), column)
        kind = schema.field(column).type
        if not _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            raise CorpusError(str(file), f"{column} holds text", kind, "name another column")
        batches = (batch.column(column) for batch in table.iter_batches(PARQUET_ROWS, columns=[column]))
        values = (value for batch in batches for value in batch.to_pylist())
        for number, value in enumerate(values, start=1):
            yield f"row {number}", value


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


READERS = {".csv": _csv_cells, ".jsonl": _jsonl_cells, ".parquet": _parquet_cells}
"""By the file's ending."""
