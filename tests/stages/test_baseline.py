"""The stage on a small corpus, by its own command line."""

import csv
import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.base.artifacts import Record, read_nats
from pipeline.text.ngram import KneserNey
from stages.baseline import baseline

PARAMS = Path(__file__).parents[2] / "params.yaml"
TEXTS = {
    "train": ["the cat sat", "the dog sat", "a cat and a dog", "the cat and the dog"] * 9,
    "validation": ["the cat and a dog", "a dog sat"],
    "test": ["the zebra sat", "a cat"],
}
SPELLING = {"train": 0.0, "validation": 0.0, "test": 7.0}
LETTERS = sorted(set("".join(TEXTS["train"])))


def encode(units: Sequence[str]) -> np.ndarray:
    """0 closes each unit, 1 is what the training text lacks."""
    known = {letter: i for i, letter in enumerate(LETTERS, start=2)}
    return np.array([i for unit in units for i in (*(known.get(c, 1) for c in unit), 0)], dtype=np.uint8)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's root with what the stage reads."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, "params.yaml")
    corpus, ids = Path("out/corpus"), Path("out/vocabulary/char")
    corpus.mkdir(parents=True)
    ids.mkdir(parents=True)
    splits = {}
    for name, units in TEXTS.items():
        pq.write_table(pa.table({"text": units}), corpus / f"{name}.parquet")
        np.save(ids / f"{name}.npy", encode(units))
        splits[name] = {"characters": sum(len(unit) + 1 for unit in units), "spelling_nats": SPELLING[name]}
    about = {"level": "char", "size": len(LETTERS) + 2, "splits": splits}
    (ids / "vocabulary.json").write_text(json.dumps(about))
    return tmp_path


def run(level: str = "char") -> int:
    return baseline.run(
        ["--level", level, "--ids", "out/vocabulary/char", "--corpus", "out/corpus", "--out", "out/baseline/char"]
    )


def test_the_rows_are_sums_divided_once_with_the_spelling_of_unknown_letters(project):
    assert run() == 0
    rows = json.loads((project / "out/baseline/char/baseline.json").read_text())["rows"]
    assert [row["name"] for row in rows] == [*(f"{n}-gram" for n in range(1, 10)), "bz2", "xz"]
    model = KneserNey.fit(encode(TEXTS["train"]), len(LETTERS) + 2, 3, "stream")
    nats = [model.nats(encode(TEXTS["test"]))[-1].sum(), model.nats(encode(TEXTS["validation"]))[-1].sum()]
    tokens = len("the zebra sat") + len("a cat") + 2
    trigram = rows[2]
    assert trigram["order"] == 3
    assert trigram["test"]["nats_per_token"] == pytest.approx(nats[0] / tokens, rel=1e-12)
    assert trigram["test"]["bits_per_char"] == pytest.approx((nats[0] + 7) / math.log(2) / tokens, rel=1e-12)
    assert trigram["validation"]["perplexity"] == pytest.approx(math.exp(nats[1] / 28), rel=1e-12)
    assert set(rows[-1]["validation"]) == {"bits_per_char"}
    unknown = model.nats(encode(TEXTS["test"]))[-1][encode(TEXTS["test"]) == 1]
    assert len(unknown) == 3  # z, b, r
    assert trigram["test"]["unknown_share"] == pytest.approx((unknown.sum() + 7) / (nats[0] + 7), rel=1e-12)
    assert trigram["validation"]["unknown_share"] == 0


def test_the_record_and_the_csv_tell_the_same_and_validation_chooses(project):
    assert run() == 0
    out = project / "out/baseline/char"
    record = Record.load(out)
    rows = json.loads((out / "baseline.json").read_text())["rows"]
    curve = list(csv.DictReader((out / "baseline.csv").read_text().splitlines()))
    assert [row.step for row in record.history] == [int(line["order"]) for line in curve] == list(range(1, 10))
    for row, line, told in zip(rows, curve, record.history, strict=False):
        flat = {f"{split}/{key}": value for split in ("validation", "test") for key, value in row[split].items()}
        assert flat == told.metrics == {key: float(value) for key, value in line.items() if key != "order"}
    best = min(rows[:9], key=lambda row: row["validation"]["nats_per_token"])
    assert record.metrics["best_order"] == best["order"]
    assert record.metrics["test/bits_per_char"] == best["test"]["bits_per_char"]
    assert record.metrics["validation/xz_bits_per_char"] == rows[-1]["validation"]["bits_per_char"]


def test_the_nats_of_the_best_order_are_kept_token_by_token(project):
    assert run() == 0
    out = project / "out/baseline/char"
    best = int(Record.load(out).metrics["best_order"])
    model = KneserNey.fit(encode(TEXTS["train"]), len(LETTERS) + 2, best, "stream")
    for split in ("validation", "test"):
        assert read_nats(out, split) == pytest.approx(model.nats(encode(TEXTS[split]))[-1], rel=1e-6)


def test_the_same_work_has_the_same_bytes(project):
    contents = []
    for _ in range(2):
        assert run() == 0
        files = sorted(path for path in (project / "out/baseline/char").rglob("*") if path.is_file())
        contents.append({path: path.read_bytes() for path in files})
    assert contents[0] == contents[1]


def test_units_are_scored_as_units_where_training_has_units(project):
    params = Path("params.yaml")
    assert run() == 0
    stream = (project / "out/baseline/char/baseline.json").read_text()
    params.write_text(params.read_text().replace("char: {mode: stream, segment_tokens: 4096}", "char: {mode: units}"))
    assert run() == 0
    rows = json.loads((project / "out/baseline/char/baseline.json").read_text())["rows"]
    model = KneserNey.fit(encode(TEXTS["train"]), len(LETTERS) + 2, 5, "units")
    assert rows[4]["test"]["nats_per_token"] == pytest.approx(model.nats(encode(TEXTS["test"]))[-1].mean(), rel=1e-12)
    assert rows != json.loads(stream)["rows"]


def test_a_vocabulary_of_another_level_or_text_is_a_users_error(project, capfd):
    assert run(level="word") == 2
    assert "--ids: a vocabulary of level word (got char); hand over the vocabulary of word" in capfd.readouterr().err
    pq.write_table(pa.table({"text": ["shorter"]}), "out/corpus/test.parquet")
    assert run() == 2
    assert "the 20 characters that the vocabulary's test split has (got 8); bring both" in capfd.readouterr().err


def test_a_missing_and_a_damaged_text_are_named(project, capfd):
    path = Path("out/corpus/test.parquet")
    path.write_bytes(b"no parquet")
    assert run() == 2
    assert f"{path}: the file is needed, whole" in capfd.readouterr().err
    path.unlink()
    assert run() == 2
    assert "(got no such file)" in capfd.readouterr().err
