"""Texts as users bring them: one sentence and exit code 2, or the units that the table says; nothing half-written."""

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bad_input import HASH, POSITION, check_failed, given, parquet, shell

from pipeline.base.errors import EXIT_OK
from pipeline.tokens.batches import SPLITS
from stages.corpus import corpus

TEXTS = "params.yaml: corpus: the source holds text \\(got none\\); check corpus.path and corpus.unit"
SPLIT = "params.yaml: corpus.split: each split holds text \\(got units: "
LINE = b"some text, and more of it\n"
BAD_CORPORA = {
    "no file": ({}, {"split": HASH}, TEXTS),
    "empty file": ({"a.txt": b""}, {"split": HASH}, TEXTS),
    "blank lines": ({"a.txt": b"\n\r\n\n"}, {"split": HASH}, TEXTS),
    "one unit": ({"a.txt": LINE}, {"split": HASH}, SPLIT + "{'train': 1, 'validation': 0, 'test': 0}"),
    "one character": ({"a.txt": b"a"}, {"split": POSITION, "unit": "document"}, SPLIT),
    "a split left empty": ({"a.txt": b"aaaa\nb\n"}, {"split": POSITION}, SPLIT + ".*; give validation more"),
    "a given split is empty": (given(LINE, b"", LINE), {}, SPLIT + ".*; give validation more"),
    "a given split is missing": ({"train.txt": LINE}, {}, "texts: split.method given needs a folder with train"),
    "not UTF-8": ({"a.txt": b"abc\xff\n"}, {"split": HASH}, "texts/a.txt: byte 3: the text is UTF-8 .got 0xff.; conv"),
    "UTF-16": (
        {"a.txt": "aé\n".encode("utf-16")},
        {"split": HASH},
        r"texts/a.txt: byte 0: the text is UTF-8 \(got UTF-16\); convert it, .*iconv -f UTF-16 -t UTF-8 < texts/a.txt",
    ),
    "a character cut": ({"a.txt": "aé".encode()[:-1]}, {"split": HASH}, "texts/a.txt: byte 1: .* .got 0xc3."),
    "gzip cut short": ({"a.txt.gz": gzip.compress(LINE * 99)[:-9]}, {"split": HASH}, "texts/a.txt.gz: a whole gzip"),
    "no gzip": ({"a.txt.gz": LINE}, {"split": HASH}, "texts/a.txt.gz: a whole gzip file .got Not a gzipped file"),
    "no such ending": (
        {"a.doc": LINE},
        {"split": HASH},
        "texts/a.doc: a corpus file ends with .txt, .csv, .tsv, .jsonl",
    ),
    "csv without the column": (
        {"a.csv": b"n,said\n1,x\n"},
        {"split": HASH, "column": "text"},
        r"texts/a.csv: corpus.column is one of \['n', 'said'\] \(got text\); name the right column",
    ),
    "csv, no column named": ({"a.csv": b"n,said\n1,x\n"}, {"split": HASH}, r"texts/a.csv: corpus.column .*got None"),
    "csv, ragged": (
        {"a.csv": b"n,said\n1,x\n1,x,y\n"},
        {"split": HASH, "column": "said"},
        r"texts/a.csv: line 3: each row has as many fields as the header, 2 \(got 3\)",
    ),
    "a NUL": ({"a.txt": LINE + b"\0"}, {"split": HASH}, "texts/a.txt: byte 26: text has no NUL character .got 0x00"),
    "csv, a comma too many in each row": (
        {"a.csv": b"id,text,label\n0,the text 0,pos,\n1,the text 1,neg,\n"},
        {"split": HASH, "column": "text"},
        r"texts/a.csv: line 2: each row has as many fields as the header, 3 \(got 4\); correct the row: in csv",
    ),
    "csv, empty": ({"a.csv": b""}, {"split": HASH, "column": "said"}, "texts/a.csv: a table with rows"),
    "jsonl, cut": (
        {"a.jsonl": b'{"said": "x"}\n{"sa'},
        {"split": HASH, "column": "said"},
        "texts/a.jsonl: line 2: each line is a",
    ),
    "jsonl, no object": (  # ends pyarrow 25's reader with SIGSEGV
        {"a.jsonl": b'null"text'},
        {"split": HASH, "column": "said"},
        r"""texts/a.jsonl: line 1: each line is a JSON object \(got 'null"text'\); correct the line, or take it out""",
    ),
    "jsonl, a null": (
        {"a.jsonl": b'{"said": "x"}\n{"said": null}\n'},
        {"split": HASH, "column": "said"},
        r"texts/a.jsonl: line 2: said holds text.* \(got None\); correct the row",
    ),
    "parquet, other columns": (
        {"a.parquet": parquet({"n": [1], "said": ["x"]})},
        {"split": HASH, "column": "text"},
        r"texts/a.parquet: corpus.column is one of \['n', 'said'\] \(got text\)",
    ),
    "parquet, numbers": (
        {"a.parquet": parquet({"text": [7]})},
        {"split": HASH, "column": "text"},
        r"texts/a.parquet: text holds text \(got int64\)",
    ),
    "parquet, cut": (
        {"a.parquet": parquet({"text": ["x"]})[:-9]},
        {"split": HASH, "column": "text"},
        "texts/a.parquet: a text set that can be read",
    ),
}


@pytest.mark.parametrize("name", BAD_CORPORA)
def test_a_bad_corpus_is_one_sentence(project, capfd, name):
    """capfd, so that what libraries log beside our sentence is seen, too."""
    files, changes, sentence = BAD_CORPORA[name]
    project(files, **{f"corpus.{key}": value for key, value in changes.items()})
    code = corpus.run(["--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_corpus_that_is_not_there_is_one_sentence(project, capfd):
    project({}, **{"corpus.path": "nowhere"})
    code = corpus.run(["--out", "out/corpus"])
    sentence = "params.yaml: corpus.path: a file or folder that is there .got 'nowhere'.; correct it, or fetch it"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_link_that_leads_nowhere_is_one_sentence(project, capfd):
    """DVC's links do where its cache was cleared: left out, the text would change and nobody would know."""
    folder = project({"a.txt": LINE * 50}, **{"corpus.split": HASH})
    (folder / "texts/b.txt").symlink_to(folder / "gone")
    code = corpus.run(["--out", "out/corpus"])
    sentence = "texts/b.txt: a text set that can be read .got FileNotFoundError"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_folder_where_a_file_should_be_is_one_sentence(project, capfd):
    folder = project({}, **{"corpus.split": HASH})
    (folder / "texts/a.txt").mkdir()
    check_failed(corpus.run(["--out", "out/corpus"]), capfd.readouterr().err, TEXTS, Path("out"))
    (folder / "params.yaml").unlink()
    (folder / "params.yaml").mkdir()
    code = corpus.run(["--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, "params.yaml: valid YAML in UTF-8 .got IsADirectoryError", Path("out"))


@pytest.mark.parametrize("name", ["nobody/nothing", "no/such/name", "///"])
def test_a_hub_that_cannot_be_reached_is_asked_once(project, capfd, monkeypatch, name):
    """`datasets`, which tries for 23 s, is not reached; port 9 of this machine answers nobody."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("datasets tries again and again"))
    hub = {"name": name, "config": None, "streaming": True, "max_units": None}
    folder = project({}, **{"corpus.source": "hub", "corpus.path": "data", "corpus.column": "text", "corpus.hub": hub})
    (folder / "data").mkdir()
    code = corpus.run(["--out", "out/corpus"])
    sentence = f"hub: {name}: a set that the hub can give .*; correct corpus.hub.name, join the network"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


GOOD_CORPORA = {
    "a BOM is no text, but in the middle": (
        given(b"\xef\xbb\xbfa\xef\xbb\xbfb\n", b"\xef\xbb\xbfc", b"d"),
        ["a\ufeffb"],
    ),
    "CRLF and CR end lines": (given(b"a\r\nb\rc\n", b"c", b"d"), ["a", "b", "c"]),
    "one unit in each split": (given(b"a", b"b", b"c"), ["a"]),
    "no line end at the end": (given(b"a\n\nb", b"c", b"d"), ["a", "", "b"]),
    "form feeds and U+2028 end no line": (given("a\x0cb\u2028c".encode(), b"c", b"d"), ["a\x0cb\u2028c"]),
}


@pytest.mark.parametrize("name", GOOD_CORPORA)
def test_what_looks_odd_and_is_text_comes_through(project, name):
    files, units = GOOD_CORPORA[name]
    project(files)
    assert corpus.run(["--out", "out/corpus"]) == EXIT_OK
    assert pq.read_table("out/corpus/train.parquet")["text"].to_pylist() == units


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_one_line_of_50_mb_is_a_document(project, name):
    """Cut by position, and put together again the same."""
    text = "ab cd é. " * (50 * 2**20 // 10)
    content = json.dumps({"said": text}, ensure_ascii=False) if name == "a.jsonl" else text
    column = "said" if name == "a.jsonl" else None
    project(
        {name: content.encode()},
        **{"corpus.unit": "document", "corpus.column": column, "corpus.split": POSITION},
    )
    assert corpus.run(["--out", "out/corpus"]) == EXIT_OK
    parts = [pq.read_table(f"out/corpus/{name}.parquet")["text"].to_pylist() for name in SPLITS]
    assert [len(units) for units in parts] == [1, 1, 1]
    assert len(parts[2][0]) == pytest.approx(len(text) / 10, abs=1)
    assert "".join(units[0] for units in parts) == text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["not UTF-8", "gzip cut short", "jsonl, cut", "parquet, cut", "csv, ragged"])
def test_a_shell_sees_one_sentence(project, name):
    files, changes, sentence = BAD_CORPORA[name]
    project(files, **{f"corpus.{key}": value for key, value in changes.items()})
    check_failed(*shell("stages.corpus", "--out", "out/corpus"), sentence, Path("out"))
