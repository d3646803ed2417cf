"""A user's labelled texts through the stages: one sentence and exit code 2, or examples, a network and its answers."""

import json
from pathlib import Path

import pytest
from bad_input import GIVEN, HASH, check_failed, parquet

from pipeline.base.errors import EXIT_OK
from stages.examples import examples
from stages.task import task

COLUMNS = {"text": "said", "label": "mood"}
HEAD = b"said,mood\n"
ROWS = b"".join(f"film {i} is {('bad', 'good')[i % 2]},{i % 2}\n".encode() for i in range(60))
BAD = {
    "no label": ({"a.csv": HEAD + b"x,\n"}, COLUMNS, HASH, r"texts/a.csv: line 2: mood holds the name of a class"),
    "one class": (
        {"train.csv": HEAD + b"x,1\n", "validation.csv": HEAD + b"u,1\n", "test.csv": HEAD + b"v,1\n"},
        COLUMNS, GIVEN, r"params.yaml: tasks.sentiment.path: the training texts have two classes.*\(got \['1'\]\)",
    ),
    "a class absent from training": (
        {"train.csv": HEAD + b"x,1\ny,2\n", "validation.csv": HEAD + b"u,1\n", "test.csv": HEAD + b"v,1\nw,3\n"},
        COLUMNS, GIVEN, r"texts/test.csv: line 3: its class is one of the training texts', \['1', '2'\] \(got 3\)",
    ),
    "a column missing": ({"a.csv": b"said\nx\n"}, COLUMNS, HASH, r"texts/a.csv: tasks.sentiment.columns.label is"),
    "a field too many": ({"a.csv": HEAD + b"x,y,1\n"}, COLUMNS, HASH, "texts/a.csv: line 2: each row has as many"),
    "a blank text": ({"a.csv": HEAD + b"x,1\n ,1\n"}, COLUMNS, HASH, "texts/a.csv: line 3: a text with a word"),
    "no rows": ({"a.tsv": b"said\tmood\n"}, COLUMNS, HASH, "texts/a.tsv: a table with rows"),
    "an empty file": ({"a.jsonl": b""}, COLUMNS, HASH, "texts/a.jsonl: a table with rows"),
    "an empty class": ({"neg.txt": b"x\n", "pos.txt": b""}, None, HASH, "texts/pos.txt: a text a line"),
    "not UTF-8": ({"pos.txt": b"caf\xe9\n", "neg.txt": b"x\n"}, None, HASH, "texts/pos.txt: byte 3: the text is UTF-8"),
    "a damaged parquet": ({"a.parquet": parquet({"said": ["x"]})[:-9]}, COLUMNS, HASH, "texts/a.parquet: a text set"),
    "columns of plain text": ({"pos.txt": b"x\n"}, COLUMNS, HASH, "texts/pos.txt: plain text has no columns"),
    "a table without columns": ({"a.csv": HEAD + ROWS}, None, HASH, "texts/a.csv: tasks.sentiment.columns names the"),
    "a split without a file": ({"train.csv": HEAD + ROWS}, COLUMNS, GIVEN, "texts: split.method given needs a folder"),
    "too few texts": ({"a.csv": HEAD + b"x,1\ny,2\n"}, COLUMNS, HASH, "params.yaml: tasks.sentiment.split"),
    "no token twice": ({"a.csv": HEAD + ROWS}, COLUMNS, HASH, "params.yaml: tasks.sentiment.text.min_count"),
}  # fmt: skip


def settings_of(columns, split, **text):
    """Params of a small training on the files of `texts`."""
    words = {"scheme": "pattern", "lower_case": True, "max_size": 50, "min_count": 1, "max_steps": 20} | text
    entry = {"path": "texts", "columns": columns, "split": split, "text": words, "epochs": 1, "num_validations": 1}
    return {"tasks.path": "texts", **{f"tasks.sentiment.{key}": value for key, value in entry.items()}}


@pytest.mark.parametrize("name", BAD)
def test_wrong_labelled_texts_are_one_sentence(project, capfd, name):
    files, columns, split, sentence = BAD[name]
    project(files, **settings_of(columns, split, min_count=99 if name == "no token twice" else 1))
    code = examples.run(["--task", "sentiment", "--out", "out/examples"])
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


@pytest.mark.slow
def test_labelled_texts_go_all_the_way(project):
    """From a csv with a BOM, CRLF and a text of 100,000 characters to a network's scores."""
    long = b'"' + b"good film, " * 9_100 + b'",1\r\n'
    project({"a.csv": b"\xef\xbb\xbf" + HEAD + ROWS.replace(b"\n", b"\r\n") + long}, **settings_of(COLUMNS, HASH))
    assert examples.run(["--task", "sentiment", "--out", "out/examples"]) == EXIT_OK
    about = json.loads(Path("out/examples/examples.json").read_text(encoding="utf-8"))
    assert about["counts"] == {"read": 61, "repeats": 0, "two_labels": 0, "cut": 1}
    assert about["classes"] == ["0", "1"]
    flags = ["--task", "sentiment", "--model", "gru", "--seed", "1", "--examples", "out/examples", "--out", "out/task"]
    assert task.run(flags) == EXIT_OK
    scores = json.loads(Path("out/task/scores.json").read_text(encoding="utf-8"))
    assert set(scores["test"]) == {"accuracy", "macro_f1"}
    assert sum(row["n"] for row in scores["tables"]["length"]) == about["splits"]["test"]["examples"]
