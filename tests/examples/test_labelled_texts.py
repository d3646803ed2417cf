"""Labelled texts as users write them: read unchanged, or one sentence with file and line; and no text in two splits."""

import csv
import io
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.base.errors import CorpusError
from pipeline.examples import tables
from pipeline.examples.params import LabelColumns, TextParams
from pipeline.examples.sets import Examples
from pipeline.examples.splits import as_given, by_hash
from pipeline.examples.texts import Labelled, encoded, text_examples, tokens
from pipeline.text.params import HashSplit
from pipeline.tokens.units import normalize

COLUMNS = LabelColumns(text="text", label="label")
NAMES = "a table .*, or lines of the class that the name says"
HEAD = b"text,label\n"
GOOD = {
    "csv": ({"a.csv": b'label,n,text\n pos ,1,"so, good"\n\nneg,2,bad\n'}, [("so, good", "pos"), ("bad", "neg")]),
    "csv with a BOM and CRLF": ({"a.csv": b"\xef\xbb\xbftext,label\r\ngood,1\r\n"}, [("good", "1")]),
    "tsv": ({"a.tsv": b'text\tlabel\nso "good\t1\n'}, [('so "good', "1")]),
    "jsonl with numbers": (
        {"a.jsonl": b'{"text": "a", "label": 1}\n\n{"label": true, "text": "b"}\n'},
        [("a", "1"), ("b", "true")],
    ),
    "a file a class": (
        {"negative.txt": b"\xef\xbb\xbfbad\r\n\r\n  \r\nworse", "positive.txt": b"good\n"},
        [("bad", "negative"), ("worse", "negative"), ("good", "positive")],
    ),
    "a class an ending": ({"r.s.neg": b"bad\n", "r.s.pos": b"good\n"}, [("bad", "neg"), ("good", "pos")]),
    "two spellings of one text": ({"a.csv": HEAD + "cafe\u0301,x\n".encode()}, [("café", "x")]),
}
BAD = {
    "no label": (
        {"a.csv": HEAD + b"x,a\ny, \n"},
        r"a.csv: line 3: label holds the name of a class, on one line \(got ' '",
    ),
    "a label of two lines": ({"a.csv": HEAD + b'x,"a\nb"\n'}, r"a.csv: line 2: label holds the name of a class"),
    "a null label": (
        {"a.jsonl": b'{"text": "x", "label": null}\n'},
        r"a.jsonl: line 1: label holds text.*\(got None\)",
    ),
    "half a label": ({"a.jsonl": b'{"text": "x", "label": 0.5}\n'}, r"a.jsonl: line 1: label holds text.*\(got 0.5\)"),
    "a blank text": ({"a.csv": HEAD + b"x,a\n  ,b\n"}, r"a.csv: line 3: a text with a word \(got '  '\)"),
    "no such text": ({"a.csv": b"said,label\nx,a\n"}, r"a.csv: tasks.s.columns.text is one of \['said', 'label'\]"),
    "no such label": ({"a.tsv": b"text\tclass\nx\ta\n"}, r"a.tsv: tasks.s.columns.label is one of \['text', 'class'\]"),
    "a field too many": (
        {"a.csv": HEAD + b"x,a\ny,z,b\n"},
        r"a.csv: line 3: each row has as many fields.* 2 \(got 3\)",
    ),
    "not JSON": ({"a.jsonl": b"x\n"}, r"a.jsonl: line 1: each line is a JSON object \(got 'x'\)"),
    "no rows": ({"a.csv": HEAD}, r"a.csv: a table with rows \(got none\)"),
    "no bytes": ({"a.csv": b""}, r"a.csv: a table with rows \(got none\)"),
    "not UTF-8": ({"a.csv": HEAD + b"\xff\xff,a\n"}, r"a.csv: byte 11: the text is UTF-8 \(got 0xff\)"),
    "blank lines alone": ({"pos.txt": b"good\n", "neg.txt": b"\n \n"}, r"neg.txt: a text a line \(got none\)"),
    "a stranger": ({"README.md": b"x\n", "neg.txt": b"x\n"}, rf"README.md: {NAMES}"),
    "no ending": ({"LICENSE": b"x\n"}, rf"LICENSE: {NAMES}"),
    "a class named like a split": ({"train.txt": b"x\n", "test.txt": b"x\n"}, rf"test.txt: {NAMES}"),
    "no files": ({}, r".*: a folder with files \(got none\)"),
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def columns_of(files):
    """Tables have columns, plain text none."""
    return COLUMNS if any(name.endswith((".csv", ".tsv", ".jsonl", ".parquet")) for name in files) else None


@pytest.mark.parametrize("name", GOOD)
def test_labelled_texts_come_out_as_written(tmp_path, name):
    files, expected = GOOD[name]
    write(tmp_path, files)
    assert [(i.text, i.label) for i in tables.pooled(tmp_path, columns_of(files), "s")] == expected


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_file_is_one_sentence(tmp_path, name):
    files, sentence = BAD[name]
    write(tmp_path, files)
    with pytest.raises(CorpusError, match=rf"^{tmp_path}/?{sentence}") as caught:
        tables.pooled(tmp_path, columns_of(files), "s")
    assert "\n" not in str(caught.value)


def test_columns_are_asked_of_tables_alone(tmp_path):
    write(tmp_path, {"a.csv": HEAD + b"x,a\n", "b.txt": b"x\n"})
    with pytest.raises(CorpusError, match=r"a.csv: tasks.s.columns names the columns of a table \(got None\); set it"):
        tables.pooled(tmp_path / "a.csv", None, "s")
    with pytest.raises(CorpusError, match=r"b.txt: plain text has no columns \(got text and label\); set tasks.s"):
        tables.pooled(tmp_path / "b.txt", COLUMNS, "s")
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.path: a file or folder that is there \(got '.*/c'\)"):
        tables.pooled(tmp_path / "c", COLUMNS, "s")


def test_splits_are_given_by_files_or_folders(tmp_path):
    write(
        tmp_path, {"train/pos.txt": b"a\n", "train/neg.txt": b"b\n", "validation.pos": b"c\n", "validation.neg": b"d\n"}
    )
    with pytest.raises(CorpusError, match="needs a folder with train"):
        tables.given(tmp_path, None, "s")
    write(tmp_path, {"test/pos.txt": b"e\n"})
    found = tables.given(tmp_path, None, "s")
    assert {name: [(i.text, i.label) for i in items] for name, items in found.items()} == {
        "train": [("b", "neg"), ("a", "pos")],
        "validation": [("d", "neg"), ("c", "pos")],
        "test": [("e", "pos")],
    }
    write(tmp_path, {"other.txt": b"x\n"})
    with pytest.raises(CorpusError, match="needs a folder with train"):
        tables.given(tmp_path, None, "s")


def as_csv(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["label", "text"], *((label, text) for text, label in rows)])
    return file.getvalue().encode()


def as_jsonl(rows):
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows).encode()


def as_parquet(rows):
    file = io.BytesIO()
    texts, labels = zip(*rows, strict=True)
    pq.write_table(pa.table({"label": pa.array(labels, pa.string()), "text": pa.array(texts, pa.string())}), file)
    return file.getvalue()


WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet}
TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.sampled_from(' \n\r\t",;\ufeffNA')
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
@pytest.mark.parametrize("ending", WRITERS)
def test_what_python_writes_comes_back_or_is_one_sentence(tmp_path, ending, rows):
    """Any texts and labels, as csv, json and pyarrow write them; what has no word or no name is named by its place."""
    (tmp_path / f"a.{ending}").write_bytes(WRITERS[ending](rows))
    label = [normalize(label).strip() for _, label in rows]
    wrong = [
        not text.strip() or not name or not name.isprintable() for (text, _), name in zip(rows, label, strict=True)
    ]
    if any(wrong):
        with pytest.raises(CorpusError, match=rf"a\.{ending}: (line|row) \d+: .* \(got .*\); "):
            tables.pooled(tmp_path, COLUMNS, "s")
    else:
        found = [(i.text, i.label) for i in tables.pooled(tmp_path, COLUMNS, "s")]
        assert found == [(normalize(text), name) for (text, _), name in zip(rows, label, strict=True)]


def made(*rows):
    return [Labelled(text, label, f"a.csv: line {number}") for number, (text, label) in enumerate(rows, start=2)]


def test_a_text_is_in_one_split_and_once():
    """Texts that differ in case and white space count as one; of one that has two labels nothing is left."""
    many = [(f"text {i}", "ab"[i % 2]) for i in range(300)]
    again = [(f"TEXT  {i}", "ab"[i % 2]) for i in range(0, 300, 3)]
    split = HashSplit(method="hash", validation=0.2, test=0.1, seed=1)
    dealt, counts = by_hash(made(*many, *again, ("text 7", "a"), ("last", "a")), split, "s")
    kept = [item.text for items in dealt.values() for item in items]
    assert sorted(kept) == sorted([text for text, _ in many if text != "text 7"] + ["last"])
    assert counts == {"read": 402, "repeats": 100, "two_labels": 2}
    assert [round(len(dealt[name]) / len(kept), 1) for name in ("train", "validation", "test")] == [0.7, 0.2, 0.1]


def test_no_text_moves_when_others_come():
    split = HashSplit(method="hash", validation=0.3, test=0.3, seed=1)
    few, _ = by_hash(made(*((f"t{i}", "a") for i in range(50))), split, "s")
    more, _ = by_hash(made(*((f"t{i}", "a") for i in range(99, -1, -1))), split, "s")
    assert all({i.text for i in few[name]} < {i.text for i in more[name]} for name in few)


def test_a_split_without_texts_is_one_sentence():
    split = HashSplit(method="hash", validation=0.001, test=0.001, seed=1)
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.split: each split has a text \(got {'train': 2, "):
        by_hash(made(("x", "a"), ("y", "b")), split, "s")


def test_a_given_test_split_stays_whole():
    splits = {
        "train": made(("a", "x"), ("B", "y"), ("c", "x"), ("c", "x")),
        "validation": made(("b", "y"), ("d", "x")),
        "test": made(("d", "x"), ("D", "x")),
    }
    dealt, counts = as_given(splits)
    assert {name: [i.text for i in items] for name, items in dealt.items()} == {
        "train": ["a", "c", "c"],
        "validation": ["b"],
        "test": ["d", "D"],
    }
    assert counts == {"read": 8, "repeats": 2, "two_labels": 0}
    with pytest.raises(CorpusError, match=r"a.csv: line 2: train has a text that no later split has \(got none\)"):
        as_given({**splits, "train": made(("d", "x"))})


WORDS = TextParams(scheme="pattern", lower_case=True, max_steps=3, max_size=100, min_count=2)
SPLITS = {
    "train": made(("Good good", "pos"), ("bad good bad unique", "neg")),
    "validation": made(("bad", "neg")),
    "test": made(("unseen Good", "pos")),
}


def test_the_vocabulary_is_that_of_the_training_texts(tmp_path):
    """By hand: ` good` occurs three times, the first word too, ` bad` twice, and ` unique` once."""
    examples = text_examples(SPLITS, WORDS, "s", {"read": 4})
    assert examples.vocabulary is not None
    assert [examples.vocabulary.token(i) for i in range(2, examples.vocabulary.size)] == [" good", " bad"]
    assert [ids.tolist() for ids in examples.splits["train"].inputs] == [[2, 2], [3, 2, 3]]
    assert [int(target) for target in examples.splits["train"].targets] == [1, 0]
    assert examples.classes == ["neg", "pos"]
    assert examples.counts == {"read": 4, "cut": 1}
    examples.save(tmp_path)
    read = Examples.load(tmp_path)
    assert (read.counts, read.splits["test"].notes) == (examples.counts, {"text": ["unseen Good"]})


def test_a_text_of_100_000_characters_is_cut():
    params = WORDS.model_copy(update={"scheme": "char", "max_steps": 50, "min_count": 1})
    splits = {**SPLITS, "test": made(("good " * 20_000, "pos"))}
    examples = text_examples(splits, params, "s", {})
    assert (examples.splits["test"].lengths, examples.counts) == ([50], {"cut": 1})


def test_tokens_are_those_that_have_ids():
    examples = text_examples(SPLITS, WORDS, "s", {})
    assert examples.vocabulary is not None
    for text in ("Good good, BAD", "cafe\u0301 \U0001f600", "İstanbul  x"):
        assert len(tokens(text, WORDS)[:3]) == len(encoded([text], examples.vocabulary, WORDS)[0])


def test_one_class_a_new_class_and_no_token_are_one_sentence():
    with pytest.raises(CorpusError, match=r"^params.yaml: tasks.s.path: .* two classes or more \(got \['pos'\]\)"):
        text_examples({**SPLITS, "train": made(("good good", "pos"))}, WORDS, "s", {})
    with pytest.raises(CorpusError, match=r"^a.csv: line 2: its class is one of .*\['neg', 'pos'\] \(got so\)"):
        text_examples({**SPLITS, "test": made(("good", "so"))}, WORDS, "s", {})
    rare = WORDS.model_copy(update={"min_count": 9})
    with pytest.raises(
        CorpusError, match=r"^params.yaml: tasks.s.text.min_count: .* occurs 9 times .* \(got at most 3\)"
    ):
        text_examples(SPLITS, rare, "s", {})


def test_shares_are_even():
    """Of 3,000 texts, within three standard deviations."""
    split = HashSplit(method="hash", validation=0.1, test=0.1, seed=3)
    dealt, _ = by_hash(made(*((f"t{i}", "a") for i in range(3000))), split, "s")
    sizes = Counter({name: len(items) for name, items in dealt.items()})
    assert abs(sizes["test"] - 300) < 50 > abs(sizes["validation"] - 300)
