"""Files and hub sets, read as units."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.base.errors import CorpusError
from pipeline.text.params import HubParams
from pipeline.text.sources import file_units, hub_units


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


TEXT = "\ufeffOne\r\ntwo\u2028\x0c\r\n\r\n \rthree cafe\u0301\n".encode()


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "[a]*?.txt", ".hidden/a.txt"])
@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("line", ["One", "two\u2028\x0c", "", " ", "three café"]),
        ("paragraph", ["One\ntwo\u2028\x0c", "three café"]),
        ("document", ["One\ntwo\u2028\x0c\n\n \nthree café\n"]),
    ],
)
def test_text_is_normalised_and_cut(tmp_path, name, unit, expected):
    """NFC, every line end to one, no BOM; only line ends end lines; names that look like patterns are names."""
    assert list(file_units([write(tmp_path / name, TEXT)], None, unit)) == expected


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_a_file_without_text_has_no_line(tmp_path, content):
    assert list(file_units([write(tmp_path / "a.txt", content)], None, "line")) == []


def test_a_name_is_no_pattern_and_no_archive(tmp_path):
    """`datasets` would look for `b.txt` in an archive named `a`, and take brackets for a glob."""
    files = [write(tmp_path / name, b"x") for name in ("a::b.txt", "[a].txt", "a?.txt")]
    assert list(file_units(files, None, "line")) == ["x", "x", "x"]


def test_a_paragraph_ends_with_its_file(tmp_path):
    """Two files are never one paragraph, line end at the first one's end or not."""
    files = [write(tmp_path / "a.txt", b"one"), write(tmp_path / "b.txt", b"two\n"), write(tmp_path / "c.txt", b"")]
    assert list(file_units(files, None, "paragraph")) == ["one", "two"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv_is_text_throughout(tmp_path, name):
    """Numbers keep their zeros, NA is a word, quoted line ends are the row's."""
    file = write(tmp_path / name, b'n,said\n1,007\n2,NA\n3,"a\r\nb, ""c"""\n4,\n')
    assert list(file_units([file], "said", "document")) == ["007", "NA", 'a\nb, "c"', ""]
    assert list(file_units([file], "said", "line")) == ["007", "NA", "a", 'b, "c"']


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_jsonl(tmp_path, name):
    file = write(tmp_path / name, '{"said": "é\\n\\nb", "n": 1}\n{"n": 2, "said": "c"}\n'.encode())
    assert list(file_units([file], "said", "document")) == ["é\n\nb", "c"]
    assert list(file_units([file], "said", "paragraph")) == ["é", "b", "c"]


def test_parquet(tmp_path):
    pq.write_table(pa.table({"n": [1, 2], "said": ["a\r\nb", "c"]}), tmp_path / "a.parquet")
    assert list(file_units([tmp_path / "a.parquet"], "said", "document")) == ["a\nb", "c"]


@pytest.mark.parametrize("before", [0, 5, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
@pytest.mark.parametrize("bad", [b"\xff", b"\xe2\x28\xa1", b"\xed\xa0\x80"])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_the_first_bad_byte_is_named(tmp_path, name, bad, before):
    """Its place is that in the whole (unpacked) file, wherever the chunks of the check end."""
    file = write(tmp_path / name, b"a" * before + bad + b"b")
    with pytest.raises(CorpusError, match=rf"{name}: byte {before}: the text is UTF-8 \(got 0x{bad[0]:02x}\)"):
        list(file_units([file], None, "line"))


def test_a_character_cut_by_the_end_is_a_bad_byte(tmp_path):
    file = write(tmp_path / "a.txt", "abé".encode()[:-1])
    with pytest.raises(CorpusError, match=r"a\.txt: byte 2: the text is UTF-8 \(got 0xc3\)"):
        list(file_units([file], None, "line"))


def test_characters_over_the_chunks_ends_are_good(tmp_path):
    """A character whose bytes lie in two chunks of the check is no error."""
    text = "a" * ((1 << 20) - 1) + "é" + "b" * 7 + "é"
    assert list(file_units([write(tmp_path / "a.txt", text.encode())], None, "document")) == [text]


@pytest.mark.parametrize("spoil", [lambda packed: packed[:-9], lambda packed: b"PK" + packed[2:]])
def test_a_damaged_gzip_file_is_named(tmp_path, spoil):
    packed = gzip.compress(b"some text " * 99)
    (tmp_path / "a.txt.gz").write_bytes(spoil(packed))
    with pytest.raises(CorpusError, match=r"a\.txt\.gz: a whole gzip file"):
        list(file_units([tmp_path / "a.txt.gz"], None, "line"))


@pytest.mark.parametrize("name", ["a.doc", "a.gz", "a.parquet.gz", "README"])
def test_unknown_endings_are_errors(tmp_path, name):
    with pytest.raises(CorpusError, match=rf"{name}: a corpus file ends with \.txt"):
        list(file_units([write(tmp_path / name, b"x")], None, "line"))


def test_a_number_that_no_computer_word_holds_may_stand_beside_the_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"n,text\n{9 * 10**30},one\n7,two\n")
    assert list(file_units([path], "text", "line")) == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", b"n,said\n1,x\n"), ("a.jsonl", b'{"n": 1, "said": "x"}\n'), ("a.parquet", None)]
)
@pytest.mark.parametrize("column", ["text", None])
def test_a_missing_column_is_named_with_those_there_are(tmp_path, name, content, column):
    if content is None:
        pq.write_table(pa.table({"n": [1], "said": ["x"]}), tmp_path / name)
    else:
        write(tmp_path / name, content)
    with pytest.raises(
        CorpusError, match=rf"{name}: (line 1: )?corpus\.column is one of \['n', 'said'\] \(got {column}\)"
    ):
        list(file_units([tmp_path / name], column, "line"))


def test_a_column_has_no_effect_on_plain_text(tmp_path):
    with pytest.raises(CorpusError, match=r"plain text has no columns \(got corpus\.column: said\); set it to null"):
        list(file_units([write(tmp_path / "a.txt", b"x")], "said", "line"))


@pytest.mark.parametrize(("value", "got"), [("null", "None"), ("3", "3.0"), ("[]", r"\[\]")])
def test_a_row_without_text_is_named(tmp_path, value, got):
    file = write(tmp_path / "a.jsonl", f'{{"said": "x"}}\n{{"said": {value}}}\n'.encode())
    with pytest.raises(CorpusError, match=rf"a\.jsonl: line 2: said holds text.* \(got {got}\)"):
        list(file_units([file], "said", "line"))


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.parquet", b"PAR1"), ("a.parquet", b"")],
)
def test_a_damaged_table_is_named(tmp_path, name, content):
    with pytest.raises(CorpusError, match=rf"{name}: a text set that can be read"):
        list(file_units([write(tmp_path / name, content)], "a", "line"))


@pytest.mark.parametrize("line", [b'{"a', b"[1]", b"null", b"x", b"[" * 100_000], ids=lambda line: line[:4].decode())
def test_each_line_is_a_json_object(tmp_path, line):
    file = write(tmp_path / "a.jsonl", b'{"a": "x"}\n\n' + line)
    with pytest.raises(CorpusError, match=r"a\.jsonl: line 3: each line is a JSON object \(got "):
        list(file_units([file], "a", "line"))


def test_the_hub_offline_is_one_clear_error(monkeypatch):
    """HF_HUB_OFFLINE is read once, when huggingface_hub is imported: the test sets what it set."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    hub = HubParams(name="nobody/nothing", config=None, streaming=True, max_units=None)
    with pytest.raises(CorpusError, match="hub: nobody/nothing: a text set that can be read"):
        list(hub_units(hub, "text", "line", "train"))


def test_an_unreachable_hub_is_one_clear_error(monkeypatch):
    """One request, and no retries: port 9 of this machine answers nobody."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    hub = HubParams(name="nobody/nothing", config=None, streaming=True, max_units=None)
    with pytest.raises(CorpusError, match=r"hub: nobody/nothing: a set that the hub can give .* HF_HUB_OFFLINE=1"):
        list(hub_units(hub, "text", "line", "train"))


def test_a_set_of_csv_is_refused(tmp_path, monkeypatch):
    """pandas would take `n` for the index here, and `said` for the texts' labels."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    write(tmp_path / "train.csv", b"n,said\n1,x,\n2,y,\n")
    hub = HubParams(name=str(tmp_path), config=None, streaming=True, max_units=None)
    with pytest.raises(
        CorpusError, match=r"a set of parquet, JSON or text files \(got CSV\); get its files with `hf download"
    ):
        list(hub_units(hub, "said", "line", "train"))


@pytest.mark.parametrize("streaming", [True, False])
def test_a_set_is_read_by_name_and_split(tmp_path, monkeypatch, streaming):
    """`datasets` reads a folder as it reads a set of the hub; max_units counts rows, which are then cut."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    write(tmp_path / "train.jsonl", b'{"n": 1, "said": "a\\r\\nb"}\n{"n": 2, "said": "c"}\n{"n": 3, "said": "d"}\n')
    write(tmp_path / "test.jsonl", b'{"n": 1, "said": "e"}\n')
    hub = HubParams(name=str(tmp_path), config=None, streaming=streaming, max_units=2)
    assert list(hub_units(hub, "said", "line", "train")) == ["a", "b", "c"]
    assert list(hub_units(hub, "said", "line", "test")) == ["e"]
    with pytest.raises(CorpusError, match="validation"):
        list(hub_units(hub, "said", "line", "validation"))
    with pytest.raises(CorpusError, match=r"corpus\.column is one of \['n', 'said'\]"):
        list(hub_units(hub, "text", "line", "test"))
