"""Tables as users write them: a text comes out unchanged, or one sentence names the file and the row."""

import csv
import datetime
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.base.errors import CorpusError
from pipeline.text.sources import file_units
from pipeline.tokens.units import normalize

FIELDS = r"each row has as many fields as the header"
QUOTES = r"a row of CSV ends with its line, unless in quotes, and a quote in quotes is doubled"
CSV = {
    # what pandas, or pandas as `datasets` calls it, reads as something else
    "a comma too many in each row": ("id,text,label\n0,the text 0,pos,\n1,x,neg,\n", rf"line 2: {FIELDS}, 3 \(got 4\)"),
    "a comma in each text": ("text\nwell, he said 3\nso, b\n", rf"line 2: {FIELDS}, 1 \(got 2\)"),
    "a comma too many in a later row": ("a,text\n1,x\n\n2,y,z\n", rf"line 4: {FIELDS}, 2 \(got 3\)"),
    "a field too few": ("text,a\nx,1\ny\n", rf"line 3: {FIELDS}, 2 \(got 1\)"),
    "two columns of one name": ("text,text\nx,y\n", r"one column is named text \(got \['text', 'text'\]\); rename"),
    "other columns of one name": ("n,text,n\n1,x,2\n", ["x"]),
    "a column without a name": (",text\n0,x\n", ["x"]),
    "blank lines": ("\n\na,text\n\n1,x\n\r\n2,y\n\n", ["x", "y"]),
    "blank lines, one column": ('text\nx\n\n""\n', ["x", ""]),
    "an empty text": ("text,a\n,1\n", [""]),
    "numbers, dates and booleans": (
        "text\n007\n1_000\n2020-01-01\nTrue\n1e5\n5%\n0x1F\n12:30\n",
        ["007", "1_000", "2020-01-01", "True", "1e5", "5%", "0x1F", "12:30"],
    ),
    "thousands": ('text\n"1,000"\n', ["1,000"]),
    "words for nothing": ("text,a\nNA,1\nnan,2\nNone,3\nnull,4\n-,5\n", ["NA", "nan", "None", "null", "-"]),
    "what begins comments elsewhere": ("text\n# a\n; b\n// c\n", ["# a", "; b", "// c"]),
    "blanks around texts": ("text,a\n x ,1\n\ty,2\n", [" x ", "\ty"]),
    "blanks around a quote": ('a,text\n1, "x"\n', [' "x"']),
    "blanks before a quote and a comma in it": ('a,text\n1, "x, y"\n', rf"line 2: {FIELDS}"),
    "blanks around the names": ("a, text\n1,x\n", r"corpus.column is one of \['a', ' text'\] \(got text\)"),
    "quotes within a text": ("text,a\n5\" disk,1\n'x',2\n", ['5" disk', "'x'"]),
    "doubled quotes": ('text\n"he said ""x, y"""\n', ['he said "x, y"']),
    "escaped quotes": ('text\n"he said \\"x\\", y"\n', rf"line 2: {QUOTES}"),
    "backslashes": ("text\na\\,b\n", rf"line 2: {FIELDS}"),
    "backslashes alone": ("text\na\\nb\\\n", ["a\\nb\\"]),
    "text after a quote": ('a,text\n1,"x"y\n', rf"line 2: {QUOTES} \(got ',' expected after '\"'\)"),
    "a quote that is not closed": ('a,text\n1,x\n2,"y\n' + "3,z\n" * 50_000, rf"line 3: {QUOTES}"),
    "a quote that another one closes": ('text\n"x\ny\n"z"\n', rf"line 2: {QUOTES}"),
    "lines in quotes": ('a,text\n1,"x\n\ny"\n2,z\n', ["x\n\ny", "z"]),
    "a bad row after lines in quotes": ('a,text\n1,"x\n\ny"\n2\n', rf"line 5: {FIELDS}"),
    "carriage returns in quotes": ('a,text\n1,"x\ry"\n', ["x\ny"]),
    "a carriage return outside quotes": ("text\nx\ry\n", rf"line 2: {QUOTES} \(got a carriage return outside quotes\)"),
    "rows that end with CR": ("a,text\r1,x\r", r"line 1: .*carriage return"),
    "rows that end with CRLF": ("a,text\r\n1,x\r\n", ["x"]),
    "rows that end with CRCRLF": ("a,text\r\r\n1,x\r\r\n", ["x"]),
    "no line end at the end": ("text\nx", ["x"]),
    "form feeds and U+2028": ("text\nx\x0c\u2028\x85y\n", ["x\x0c\u2028\x85y"]),
    "semicolons": ("a;text\n1;x\n", r"corpus.column is one of \['a;text'\] \(got text\)"),
    "tabs": ("a\ttext\n1\tx\n", r"corpus.column is one of \['a\\ttext'\] \(got text\)"),
    "sep=": ("sep=,\na,text\n1,x\n", r"corpus.column is one of \['sep='"),
    "a BOM": ("\ufefftext\nx\n", ["x"]),
    "a BOM and a quote": ('\ufeff"text"\nx\n', ["x"]),
    "a BOM in the middle": ("text\n\ufeffx\n", ["\ufeffx"]),
    "a NUL": ("text\nsome words, and more\0\n", r"byte 25: text has no NUL character \(got 0x00\)"),
    "a text of a MiB": (f"text\n{'x' * 2**20}\n", ["x" * 2**20]),
    "no rows": ("a,text\n", r"a table with rows \(got none\)"),
    "no lines": ("", r"a table with rows \(got none\)"),
    "blank lines alone": ("\n\n", r"a table with rows \(got none\)"),
}
TSV = {
    "commas and quotes": ('a\ttext\n1\t"x, y\n2\ty"\n', ['"x, y', 'y"']),
    "a tab in a text": ("text\nx\ty\n", rf"line 2: {FIELDS}, 1 \(got 2\)"),
    "a BOM, CRLF and blank lines": ("\ufeffa\ttext\r\n\r\n1\tx\r\n", ["x"]),
    "commas for tabs": ("a,text\n1,x\n", r"corpus.column is one of \['a,text'\] \(got text\)"),
    "no rows": ("a\ttext\n", r"a table with rows \(got none\)"),
}
OBJECT = "each line is a JSON object"
TEXT = "text holds text, without NUL characters and lone surrogates"
JSONL = {
    "dates and times": (
        '{"text": "2020-01-01"}\n{"text": "2020-01-01T10:00:00Z"}\n',
        ["2020-01-01", "2020-01-01T10:00:00Z"],
    ),
    "numbers as text": ('{"text": "007"}\n{"text": "1e5"}\n', ["007", "1e5"]),
    "other columns": ('{"text": "x", "a": {"text": [1]}, "b": NaN}\n{"b": [], "text": "y"}\n', ["x", "y"]),
    "a number of 5000 digits": (f'{{"text": "x", "a": {"9" * 5000}}}\n', ["x"]),
    "a key twice": ('{"text": "x"}\n{"text": "y", "text": "z"}\n', r"line 2: one column is named text"),
    "another key twice": ('{"a": 1, "a": 2, "text": "x"}\n', ["x"]),
    "no such key": ('{"text": "x"}\n{"said": "y"}\n', r"line 2: corpus.column is one of \['said'\] \(got text\)"),
    "null": ('{"text": "x"}\n{"text": null}\n', rf"line 2: {TEXT} \(got None\)"),
    "a number": ('{"text": 7}\n', rf"line 1: {TEXT} \(got 7.0\)"),
    "NaN": ('{"text": NaN}\n', rf"line 1: {TEXT} \(got nan\)"),
    "an array": ('{"text": ["x"]}\n', rf"line 1: {TEXT} \(got \['x'\]\)"),
    "a lone surrogate": ('{"text": "x"}\n{"text": "a\\ud800"}\n', rf"line 2: {TEXT} \(got 'a\\ud800'\)"),
    "a surrogate pair": ('{"text": "\\ud83d\\ude00"}\n', ["😀"]),
    "a NUL": ('{"text": "a\\u0000b"}\n', rf"line 1: {TEXT} \(got 'a\\x00b'\)"),
    "deep": (f'{{"text": "x"}}\n{{"a": {"[" * 100_000}\n', f"line 2: {OBJECT}"),
    "blank lines": ('\n{"text": "x"}\n \r\n{"text": "y"}\r\n', ["x", "y"]),
    "an object over lines": ('{"text":\n"x"}\n', f"line 1: {OBJECT}"),
    "two objects on a line": ('{"text": "x"} {"text": "y"}\n', f"line 1: {OBJECT}"),
    "an array of objects": ('[{"text": "x"}]\n', f"line 1: {OBJECT}"),
    "a line end in a text": ('{"text": "a\nb"}\n', f"line 1: {OBJECT}"),
    "U+2028 and a form feed": ('{"text": "a\u2028\\fb"}\n', ["a\u2028\x0cb"]),
    "a BOM": ('\ufeff{"text": "x"}\n', ["x"]),
    "a BOM in the middle": ('{"text": "\ufeffx"}\n', ["\ufeffx"]),
    "a BOM between": ('{"text": "x"}\n\ufeff{"text": "y"}\n', f"line 2: {OBJECT}"),
    "no lines": ("", r"a table with rows \(got none\)"),
}
STRINGS = ["x", "2020-01-01", "007"]
NESTED = pa.array([{"text": "y"}] * 3)
PARQUET = {
    "strings": (pa.array(STRINGS), STRINGS),
    "large strings": (pa.array(STRINGS, pa.large_string()), STRINGS),
    "string views": (pa.array(STRINGS, pa.string_view()), STRINGS),
    "a dictionary": (pa.array([*STRINGS, "x"]).dictionary_encode(), [*STRINGS, "x"]),
    "bytes": (pa.array([b"x"]), r"text holds text \(got binary\)"),
    "numbers": (pa.array([7]), r"text holds text \(got int64\)"),
    "a dictionary of numbers": (pa.array([7]).dictionary_encode(), r"text holds text \(got int64"),
    "times": (pa.array([datetime.datetime(2020, 1, 1)]), r"text holds text \(got timestamp"),
    "lists": (pa.array([["x"]]), r"text holds text \(got list<"),
    "structs": (NESTED, r"text holds text \(got struct<text: string>\)"),
    "nothing but nulls": (pa.nulls(2), r"text holds text \(got null\)"),
    "a null": (pa.array(["x"] * 1500 + [None]), rf"row 1501: {TEXT} \(got None\)"),
    "a NUL": (pa.array(["x", "a\0"]), rf"row 2: {TEXT} \(got 'a\\x00'\)"),
    "no rows": (pa.array([], pa.string()), r"a table with rows \(got none\)"),
}


def check_read(file: Path, expected: list[str] | str) -> None:
    """These units, or an error of this sentence that names the file."""
    if isinstance(expected, list):
        assert list(file_units([file], "text", "document")) == expected
    else:
        with pytest.raises(CorpusError, match=rf"^{file}: {expected}"):
            list(file_units([file], "text", "document"))


@pytest.mark.parametrize("name", CSV)
def test_csv(tmp_path, name):
    content, expected = CSV[name]
    (tmp_path / "a.csv").write_bytes(content.encode())
    check_read(tmp_path / "a.csv", expected)


@pytest.mark.parametrize("name", TSV)
def test_tsv(tmp_path, name):
    content, expected = TSV[name]
    (tmp_path / "a.tsv").write_bytes(content.encode())
    check_read(tmp_path / "a.tsv", expected)


@pytest.mark.parametrize("name", JSONL)
def test_jsonl(tmp_path, name):
    content, expected = JSONL[name]
    (tmp_path / "a.jsonl").write_bytes(content.encode())
    check_read(tmp_path / "a.jsonl", expected)


@pytest.mark.parametrize("name", PARQUET)
def test_parquet(tmp_path, name):
    column, expected = PARQUET[name]
    pq.write_table(pa.table({"n": pa.nulls(len(column)), "text": column}), tmp_path / "a.parquet")
    check_read(tmp_path / "a.parquet", expected)


def test_other_columns_of_a_parquet_do_not_matter(tmp_path):
    """Maps and structs, two of one name, one that is named like a path into a struct."""
    columns = {"text": STRINGS, "a": NESTED, "m": pa.array([[("k", 1)]] * 3, pa.map_(pa.string(), pa.int8()))}
    table = pa.table(columns).append_column("n", pa.array([1, 2, 3])).append_column("n", pa.array([1, 2, 3]))
    pq.write_table(table.append_column("a.text", pa.array(["p", "q", "r"])), tmp_path / "a.parquet")
    check_read(tmp_path / "a.parquet", STRINGS)
    assert list(file_units([tmp_path / "a.parquet"], "a.text", "line")) == ["p", "q", "r"]


def test_a_parquet_without_row_groups_has_no_rows(tmp_path):
    pq.ParquetWriter(tmp_path / "a.parquet", pa.schema({"text": pa.string()})).close()
    check_read(tmp_path / "a.parquet", r"a table with rows \(got none\)")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PARE", b"text\nx\n"])
def test_a_damaged_or_encrypted_parquet_is_named(tmp_path, content):
    """PARE is what an encrypted one begins and ends with."""
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(b"PARE" + whole[4:-4] + b"PARE" if content == b"PARE" else content)
    check_read(tmp_path / "a.parquet", r"a text set that can be read \(got (Arrow|OSError: .*encrypted)")


def as_csv(texts: list[str]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["n", "text"], *enumerate(texts)])
    return file.getvalue().encode()


def as_jsonl(texts: list[str]) -> bytes:
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def as_parquet(texts: list[str]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), file)
    return file.getvalue()


WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}
ODD = st.text(st.sampled_from(" \n\r\t\",;'\\#0\x1c\x85\u2028\ufeffNA"))
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ODD | ANY, min_size=1))
@example(["", "\ufeff", "\r", "007", "NA", "2020-01-01"])
@pytest.mark.parametrize("ending", WRITERS)
def test_what_python_writes_comes_back(tmp_path, ending, texts):
    """Any texts, as csv, json and pyarrow write them, are the units of the file."""
    (tmp_path / f"a.{ending}").write_bytes(WRITERS[ending](texts))
    assert list(file_units([tmp_path / f"a.{ending}"], "text", "document")) == [normalize(text) for text in texts]
