"""Bad input as a user meets it: one sentence and exit code 2, or the result the table tells; nothing half-written."""

import contextlib
import errno
import gzip
import io
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from pipeline import cli
from pipeline.base.artifacts import Record, Result, Row, write_json
from pipeline.base.errors import EXIT_OK, EXIT_USER_ERROR, disk_error
from pipeline.base.params import CorpusParams, load_params
from pipeline.networks.build import build
from pipeline.networks.bundle import Bundle, save_weights
from pipeline.stage import Output, stage
from pipeline.text.corpus import write_corpus
from pipeline.text.encoding import encode_split
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.tokenization import tokenize
from pipeline.tokens.vocabulary import Vocabulary, learn
from stages.baseline import baseline
from stages.corpus import corpus
from stages.sampling import sampling
from stages.tokenization import tokenization
from stages.train import train
from stages.vocabulary import vocabulary

ROOT = Path(__file__).parents[1]
YAML_FILES = YAML(typ="safe")
STAGES = (corpus, tokenization, vocabulary, baseline, train, sampling)
GIVEN = {"method": "given"}
POSITION = {"method": "position", "validation": 0.1, "test": 0.1}
HASH = {"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1}
FREE_BYTES = 4096
"""What a disk that is nearly full still takes."""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Callable[..., Path]:
    """A maker of a project with texts of its own, small models, and these changes of params.yaml, keys dotted."""

    def make(files: Mapping[str, bytes], **changes: Any) -> Path:
        monkeypatch.chdir(tmp_path)
        params = YAML_FILES.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
        params["corpus"] |= {"source": "files", "path": "texts", "unit": "line", "split": GIVEN}
        for model in ("gru", "bidirectional_lstm"):
            params["models"][model] |= {"hidden_size": 8, "embedding_size": 4}
        for level in ("char", "word"):
            params["training"][level] |= {"budget_tokens": 200, "batch_size": 4, "bptt_steps": 8, "num_validations": 2}
            params["sampling"][level] |= {"num_samples": 3, "max_tokens": 20}
        set_values(params, changes)
        YAML_FILES.dump(params, tmp_path / "params.yaml")
        (tmp_path / "texts").mkdir()
        for name, content in files.items():
            (tmp_path / "texts" / name).write_bytes(content)
        return tmp_path

    return make


def set_values(params: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        *path, last = key.split(".")
        section = params
        for part in path:
            section = section[part]
        section[last] = value


def given(train: bytes, validation: bytes, test: bytes) -> dict[str, bytes]:
    return {"train.txt": train, "validation.txt": validation, "test.txt": test}


@pytest.fixture
def unroll(monkeypatch, capfd) -> Callable[..., tuple[int, str, str]]:
    """A caller of the command: exit code, standard output, standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unroll", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), *capfd.readouterr()

    return call


def check_failed(code: int, err: str, sentence: str, out: Path) -> None:
    """The sentence, alone and whole; nothing under the out's name, no scraps."""
    assert (code, err.count("\n")) == (EXIT_USER_ERROR, 1), err
    assert re.fullmatch(f"{sentence}.*\n", err), err
    assert re.search(r": .* \(got .*\); \S", err), err
    assert not out.exists()
    assert left_in_partial() == []


def left_in_partial() -> list[Path]:
    return list(Path(".work/partial").glob("*"))


def parquet(columns: dict[str, list]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


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
    "UTF-16": ({"a.txt": "aé\n".encode("utf-16")}, {"split": HASH}, "texts/a.txt: byte 0: the text is UTF-8"),
    "a character cut": ({"a.txt": "aé".encode()[:-1]}, {"split": HASH}, "texts/a.txt: byte 1: .* .got 0xc3."),
    "gzip cut short": ({"a.txt.gz": gzip.compress(LINE * 99)[:-9]}, {"split": HASH}, "texts/a.txt.gz: a whole gzip"),
    "no gzip": ({"a.txt.gz": LINE}, {"split": HASH}, "texts/a.txt.gz: a whole gzip file .got Not a gzipped file"),
    "no such ending": ({"a.doc": LINE}, {"split": HASH}, "texts/a.doc: a corpus file ends with .txt, .csv, .jsonl"),
    "csv without the column": (
        {"a.csv": b"n,said\n1,x\n"},
        {"split": HASH, "column": "text"},
        r"texts/a.csv: corpus.column is one of \['n', 'said'\] \(got text\); name the column that holds the text",
    ),
    "csv, no column named": ({"a.csv": b"n,said\n1,x\n"}, {"split": HASH}, r"texts/a.csv: corpus.column .*got None"),
    "csv, ragged": ({"a.csv": b"n,said\n1,x\n1,x,y\n"}, {"split": HASH, "column": "said"}, "texts/a.csv: a text set"),
    "csv, empty": ({"a.csv": b""}, {"split": HASH, "column": "said"}, "texts/a.csv: a table with rows"),
    "jsonl, cut": (
        {"a.jsonl": b'{"said": "x"}\n{"sa'},
        {"split": HASH, "column": "said"},
        "texts/a.jsonl: line 2: each line is a",
    ),
    "jsonl, no object": (  # ends pyarrow 25's reader with SIGSEGV
        {"a.jsonl": b'null"text'},
        {"split": HASH, "column": "said"},
        r"""texts/a.jsonl: line 1: each line is a JSON object \(got 'null"text'\); mend it, or take it out""",
    ),
    "jsonl, a null": (
        {"a.jsonl": b'{"said": "x"}\n{"said": null}\n'},
        {"split": HASH, "column": "said"},
        r"texts/a.jsonl: row 2: said holds text \(got None\); mend the row",
    ),
    "parquet, other columns": (
        {"a.parquet": parquet({"n": [1], "said": ["x"]})},
        {"split": HASH, "column": "text"},
        r"texts/a.parquet: corpus.column is one of \['n', 'said'\] \(got text\)",
    ),
    "parquet, numbers": (
        {"a.parquet": parquet({"text": [7]})},
        {"split": HASH, "column": "text"},
        r"texts/a.parquet: row 1: text holds text \(got 7\)",
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
    code = corpus.run(["--path", "texts", "--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_corpus_that_is_not_there_is_one_sentence(project, capfd):
    project({})
    code = corpus.run(["--path", "nowhere", "--out", "out/corpus"])
    check_failed(
        code, capfd.readouterr().err, "stages.corpus --path: the input must exist .got nothing at", Path("out")
    )


def test_a_link_that_leads_nowhere_is_one_sentence(project, capfd):
    """DVC's links do where its cache was cleared: left out, the text would change and nobody would know."""
    folder = project({"a.txt": LINE * 50}, **{"corpus.split": HASH})
    (folder / "texts/b.txt").symlink_to(folder / "gone")
    code = corpus.run(["--path", "texts", "--out", "out/corpus"])
    sentence = "texts/b.txt: a text set that can be read .got FileNotFoundError"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_folder_where_a_file_should_be_is_one_sentence(project, capfd):
    folder = project({}, **{"corpus.split": HASH})
    (folder / "texts/a.txt").mkdir()
    check_failed(
        corpus.run(["--path", "texts/a.txt", "--out", "out/corpus"]), capfd.readouterr().err, TEXTS, Path("out")
    )
    (folder / "params.yaml").unlink()
    (folder / "params.yaml").mkdir()
    code = corpus.run(["--path", "texts", "--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, "params.yaml: valid YAML in UTF-8 .got IsADirectoryError", Path("out"))


@pytest.mark.parametrize("name", ["nobody/nothing", "no/such/name", "///"])
def test_a_hub_that_cannot_be_reached_is_asked_once(project, capfd, monkeypatch, name):
    """`datasets`, which tries for 23 s, is not reached; port 9 of this machine answers nobody."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("datasets tries again and again"))
    hub = {"name": name, "config": None, "streaming": True, "max_units": None}
    project({}, **{"corpus.source": "hub", "corpus.path": "data", "corpus.column": "text", "corpus.hub": hub})
    code = corpus.run(["--path", "texts", "--out", "out/corpus"])
    sentence = f"hub: {name}: a set that the hub can give .*; correct corpus.hub.name, join the network"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


GOOD_CORPORA = {
    "a BOM is no text": (given(b"\xef\xbb\xbfa b\n", b"\xef\xbb\xbfc", b"d"), ["a b"]),
    "CRLF and CR end lines": (given(b"a\r\nb\rc\n", b"c", b"d"), ["a", "b", "c"]),
    "NUL is a character": (given(b"a\0b\n\0\n", b"c", b"d"), ["a\0b", "\0"]),
    "one unit in each split": (given(b"a", b"b", b"c"), ["a"]),
    "no line end at the end": (given(b"a\n\nb", b"c", b"d"), ["a", "", "b"]),
    "form feeds and U+2028 end no line": (given("a\x0cb\u2028c".encode(), b"c", b"d"), ["a\x0cb\u2028c"]),
}


@pytest.mark.parametrize("name", GOOD_CORPORA)
def test_what_looks_odd_and_is_text_comes_through(project, name):
    files, units = GOOD_CORPORA[name]
    project(files)
    assert corpus.run(["--path", "texts", "--out", "out/corpus"]) == EXIT_OK
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
    assert corpus.run(["--path", "texts", "--out", "out/corpus"]) == EXIT_OK
    parts = [pq.read_table(f"out/corpus/{name}.parquet")["text"].to_pylist() for name in SPLITS]
    assert [len(units) for units in parts] == [1, 1, 1]
    assert len(parts[2][0]) == pytest.approx(len(text) / 10, abs=1)
    assert "".join(units[0] for units in parts) == text


def flags(name: str, level: str, model: str) -> list[str]:
    """What dvc.yaml calls the stage with."""
    run = ["--level", level, "--model", model, "--seed", "1"]
    return {
        "corpus": ["--path", "texts", "--out", "out/corpus"],
        "tokenization": ["--level", level, "--corpus", "out/corpus", "--out", "out/tokenization"],
        "vocabulary": ["--level", level, "--tokens", "out/tokenization", "--out", "out/vocabulary"],
        "baseline": ["--level", level, "--ids", "out/vocabulary", "--corpus", "out/corpus", "--out", "out/baseline"],
        "train": [*run, "--ids", "out/vocabulary", "--out", "out/train"],
        "sampling": [*run, "--bundle", "out/train", "--ids", "out/vocabulary", "--out", "out/sampling"],
    }[name]


SPACES = {"tokenization.word.split": "spaces"}
SMALLEST = {
    # a token and its EOS: two targets in four lanes of eight steps
    "one token": (given(b"a", b"a", b"a"), "char", {}, {"size": 3, "test/tokens": 2, "test/coverage": 1}),
    "one token, units alone": (
        given(b"a", b"a", b"a"),
        "char",
        {"batching.char": {"mode": "units"}},
        {"size": 3, "test/tokens": 2, "test/coverage": 1},
    ),
    "a vocabulary of one character": (
        given(b"aab", b"ab", b"ba"),
        "char",
        {"vocabulary.char.max_size": 3},
        {"size": 3, "test/coverage": 0.5, "test/unknown_rate": 1 / 3},
    ),
    "only unknown words": (
        given(b"ab cd", b"x y", b"z x"),
        "word",
        {},
        {"size": 4, "test/coverage": 0, "test/unknown_rate": 2 / 3},
    ),
    "NUL": (given(b"a\0b\0", b"\0", b"b"), "char", {}, {"size": 5, "test/coverage": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["gru", "bidirectional_lstm"])
@pytest.mark.parametrize("name", SMALLEST)
def test_the_smallest_texts_go_all_the_way(project, name, model):
    """Shorter than a window, fewer tokens than lanes: from text to samples, each number finite and what it must be."""
    files, level, changes, expected = SMALLEST[name]
    project(files, **changes)
    for each in STAGES:
        assert each.run(flags(each.name, level, model)) == EXIT_OK, each.name
    got = Record.load(Path("out/vocabulary")).metrics
    assert {key: got[key] for key in expected} == pytest.approx(expected)
    scores = json.loads(Path("out/train/scores.json").read_text(encoding="utf-8"))
    assert scores["test/nats_per_token"] > 0
    assert len(Path("out/sampling/samples.jsonl").read_text(encoding="utf-8").splitlines()) >= 1


@pytest.mark.parametrize("text", [b"<unk> <unk>", b"   "])
def test_a_training_text_without_a_known_word_is_one_sentence(project, capfd, text):
    project(given(text, b"x y", b"z"), **SPACES)
    for each in (corpus, tokenization):
        assert each.run(flags(each.name, "word", "gru")) == EXIT_OK
    capfd.readouterr()
    code = vocabulary.run(flags("vocabulary", "word", "gru"))
    sentence = "params.yaml: corpus: the training text holds a word other than <unk>"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
@pytest.mark.parametrize(
    ("stage_name", "part"),
    [
        ("tokenization", "corpus/train.parquet"),
        ("vocabulary", "tokenization/test.parquet"),
        ("baseline", "corpus/test.parquet"),
    ],
)
def test_a_damaged_table_of_a_stage_before_is_one_sentence(project, capfd, stage_name, part, spoil):
    project(given(b"abc", b"a", b"b"))
    for each in STAGES[:3]:
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    shutil.rmtree(f"out/{stage_name}", ignore_errors=True)
    spoil(Path("out", part))
    capfd.readouterr()
    code = {each.name: each for each in STAGES}[stage_name].run(flags(stage_name, "char", "gru"))
    check_failed(code, capfd.readouterr().err, f"out/{part}: the file is needed, whole", Path("out", stage_name))


@pytest.mark.parametrize("columns", [{"n": ["a"]}, {"text": [1]}, {"text": ["a"], "n": [1]}])
def test_a_table_of_another_schema_is_one_sentence(project, capfd, columns):
    folder = project({})
    (folder / "out/corpus").mkdir(parents=True)
    (folder / "out/corpus/train.parquet").write_bytes(parquet(columns))
    code = tokenization.run(flags("tokenization", "char", "gru"))
    sentence = "out/corpus/train.parquet: the file is needed, whole, as its stage wrote it .got ArrowInvalid: the col"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/tokenization"))


WRONG_VALUES = {
    "run.models": (["grue"], r"run.models: each is an entry of models \(got 'grue'\); did you mean 'gru'"),
    "run.levels": (["letter"], "run.levels.0: .*'char', 'word' or 'bpe'"),
    "vocabulary.char.max_size": (2, "vocabulary.char.max_size: .*greater than or equal to 3 .got 2"),
    "training.char.batch_size": (0, "training.char.batch_size: .*greater than or equal to 1 .got 0"),
    "sampling.char.num_samples": (0, "sampling.char.num_samples: .*greater than or equal to 1 .got 0"),
    "sampling.char.max_tokens": (0, "sampling.char.max_tokens: .*greater than or equal to 1 .got 0"),
    "sampling.char.temperature": (0.0, "sampling.char.temperature: .*greater than 0 .got 0.0"),
    "sampling.word.temperature": (-1.0, "sampling.word.temperature: .*greater than 0 .got -1.0"),
    "sampling.char.top_p": (0.0, "sampling.char.top_p: .*greater than 0 .got 0.0"),
    "sampling.word.top_p": (1.5, "sampling.word.top_p: .*less than or equal to 1 .got 1.5"),
    "sampling.char.top_k": (0, "sampling.char.top_k: .*greater than or equal to 1 .got 0"),
}


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_wrong_value_is_one_sentence_before_anything_runs(project, unroll, capfd, key):
    value, sentence = WRONG_VALUES[key]
    project(given(b"a", b"b", b"c"), **{key: value})
    code, out, err = unroll("check")
    assert out == ""
    check_failed(code, err, f"params.yaml: {sentence}", Path("out"))
    code = corpus.run(["--path", "texts", "--out", "out/corpus"])
    check_failed(code, capfd.readouterr().err, f"params.yaml: {sentence}", Path("out"))


@pytest.fixture
def bundle(project, model) -> Path:
    """A saved bundle in the project's folder."""
    project({})
    section = model("gru")
    words = Vocabulary(learn(Counter("the cat sat."), 11, "char"))
    Path("bundle").mkdir()
    Bundle(build(section, words.size, seed=1), words, section, "char", 1).save(Path("bundle"))
    return Path("bundle")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--num-samples", "0"], "unroll sample: num_samples: .*.got 0"),
        (["--max-tokens", "0"], "unroll sample: max_tokens: .*.got 0"),
        (["--num-samples", "1" + "0" * 25], "unroll sample: num_samples: .*less than or equal to 1000000000000"),
        (["--temperature", "0"], "unroll sample: temperature: .*greater than 0"),
        (["--temperature", "-1"], "unroll sample: temperature: .*greater than 0"),
        (["--top-p", "0"], "unroll sample: top_p: .*greater than 0"),
        (["--top-p", "1.01"], "unroll sample: top_p: .*less than or equal to 1"),
        (["--prompt", "zzq"], r"prompt: tokens that the model's vocabulary has \(got \['z', 'q'\]\); leave these out"),
        (["--prompt", "\udcff"], r"text: whole Unicode characters \(got '\\udcff' at place 0\); write it in UTF-8"),
    ],
)
def test_a_wrong_option_is_one_sentence(unroll, bundle, words, sentence):
    code, out, err = unroll("sample", str(bundle), *words)
    assert out == ""
    check_failed(code, err, sentence, Path("out"))


def test_half_a_character_cannot_be_scored(unroll, bundle):
    code, _, err = unroll("score", str(bundle), "a\udcff")
    check_failed(code, err, r"text: whole Unicode characters \(got '\\udcff' at place 1\)", Path("out"))


def test_a_seed_that_torch_does_not_take_is_a_usage_error(unroll, bundle):
    code, _, err = unroll("sample", str(bundle), "--seed", "9" * 30)
    assert code == EXIT_USER_ERROR
    assert "Invalid value for '--seed'" in err


def test_weights_of_the_same_shapes_are_told_apart(unroll, bundle, model):
    save_weights(build(model("gru"), 10, seed=2), bundle / "weights.safetensors")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    sentence = "bundle/weights.safetensors: the file that model.json was written for .got SHA-256 "
    check_failed(code, err, sentence, Path("out"))


SPOILED: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-9]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "another format": lambda path: path.write_text("[]"),
    "no text": lambda path: path.write_bytes(b"\xff" * 99),
    "too deep": lambda path: path.write_text("[" * 100_000),
}


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "tokenizer.json"])
def test_a_bundle_with_a_spoiled_file_names_it(unroll, bundle, name, how):
    SPOILED[how](bundle / name)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"bundle/{name}: the file is needed, whole, as its stage wrote it", Path("out"))


FOREIGN: dict[str, tuple[str, Callable[[dict], object], str]] = {
    "level": ("model.json", lambda about: about.update(level="letter"), "bundle/model.json: .*level: .*'letter'"),
    "seed": ("model.json", lambda about: about.update(seed="one"), "bundle/model.json: .*seed: .*'one'"),
    "keys": ("model.json", lambda about: about.update(model={"cell": "gru"}), "bundle/model.json: .*hidden_size: the"),
    "size": (
        "model.json",
        lambda about: about["model"].update(hidden_size=8),
        "bundle/weights.safetensors: fits model.json beside it .got readout.weight of shape .10, 7., needs .10, 8.",
    ),
    "vocabulary": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"new": 10}),
        "bundle/tokenizer.json: has as many tokens as the network it stands with, 10 .got 11",
    ),
    "vocabulary of the same size": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"!": about["model"]["vocab"].pop("t")}),
        "bundle/tokenizer.json: the file that model.json was written for .got SHA-256 .*; use the three files of one",
    ),
    "ids": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"t": 500}),
        "bundle/tokenizer.json: .*ids do not count from 0 to V - 1",
    ),
    "names": (
        "tokenizer.json",
        lambda about: about["model"]["vocab"].update({"[PAD]": about["model"]["vocab"].pop("<end of unit>")}),
        "bundle/tokenizer.json: .*ids 0 and 1 are not <end of unit> and <unk>",
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_bundle_with_a_file_of_another_is_one_sentence(unroll, bundle, what):
    name, change, sentence = FOREIGN[what]
    values = json.loads((bundle / name).read_text(encoding="utf-8"))
    change(values)
    (bundle / name).write_text(json.dumps(values), encoding="utf-8")
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, sentence, Path("out"))


# Disks that are full or read-only.

MUCH = "".join(chr(ord("a") + i) for i in np.random.default_rng(1).integers(0, 26, 200_000))


def write_parquet(out: Path) -> None:
    values = {"source": "files", "path": "t", "hub": None, "column": None, "unit": "document", "split": POSITION}
    with TemporaryDirectory() as elsewhere:
        text = Path(elsewhere, "much.txt")
        text.write_text(MUCH, encoding="utf-8")
        write_corpus(CorpusParams.model_validate(values), text, out)


def write_ids(out: Path) -> None:
    words = Vocabulary(learn(Counter(MUCH), 99, "char"))
    encode_split([tokenize(pa.array([MUCH]), "char")], words, out / "train.npy")


def write_weights(out: Path) -> None:
    section = load_params(ROOT / "params.yaml").models["gru"]
    save_weights(build(section, 30, seed=1), out / "weights.safetensors")


def write_png(out: Path) -> None:
    from matplotlib.figure import Figure

    from pipeline.figures import save_png

    figure = Figure()
    figure.add_subplot().imshow(np.random.default_rng(1).random((300, 300)))
    save_png(figure, out / "figure.png", dpi=100)


def write_html(out: Path) -> None:
    from pipeline.report.parts import Report
    from pipeline.report.render import write_report

    write_report(Report(MUCH, []), out)


def write_record(out: Path) -> None:
    Record({}, {}, {}, [Row(step, {"loss": 1.0}) for step in range(5000)]).save(out)


WRITERS: dict[str, Callable[[Path], None]] = {
    "parquet": write_parquet,
    "npy": write_ids,
    "json": lambda out: write_json(out / "a.json", {"text": MUCH}),
    "safetensors": write_weights,
    "png": write_png,
    "html": write_html,
    "record": write_record,
}


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 1 MiB with params.yaml on it, as the working folder; skipped, aloud, where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or not mounted("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)):
        pytest.skip("this user may mount no small disk")
    shutil.copy(ROOT / "params.yaml", disk)
    try:
        with contextlib.chdir(disk):
            yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def mounted(*words: str) -> bool:
    return subprocess.run(["mount", *words], capture_output=True).returncode == 0


def fill(disk: Path) -> None:
    """Leave next to nothing."""
    with (disk / "filler").open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(FREE_BYTES)):
                pass
        file.truncate(file.tell() - FREE_BYTES)


def run_writer(kind: str, trouble: Callable[[], contextlib.AbstractContextManager]) -> int:
    """A stage that writes with the pipeline's own function while the disk is in trouble; what is to be met must be."""

    @stage
    def writing(*, out: Output) -> Result:
        """A stage that fails half-way."""
        with trouble():
            WRITERS[kind](out)
        pytest.fail("all was written")

    return writing.run(["--out", "out/writing"])


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_fills_up_is_one_sentence(small_disk, capfd, kind):
    """A real disk that is really full."""
    code = run_writer(kind, lambda: contextlib.nullcontext(fill(small_disk)))
    sentence = rf"{small_disk}, or .*: the disk takes all that is written \(got No space left on device\); free space"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))
    (small_disk / "filler").unlink()
    assert shutil.disk_usage(small_disk).used < 2**17  # nothing half-written holds the space


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """No file grows beyond FREE_BYTES; Python ignores the signal that would kill the process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FREE_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_limit_on_files_sizes_is_one_sentence(project, capfd, kind):
    project({})
    code = run_writer(kind, limited)
    sentence = r".*: files may grow as large as they must \(got File too large\); raise the limit \(`ulimit -f`\)"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


def test_a_read_only_workspace_is_one_sentence(small_disk, capfd):
    (small_disk / "data").mkdir()
    assert mounted("-o", "remount,ro", str(small_disk))
    code = corpus.run(["--path", "data", "--out", "out/corpus"])
    sentence = r"\.work.*: the disk can be written \(got Read-only file system\); mount it writable"
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EDQUOT, "Quota", "out/a"), "out/a: the disk takes all that is written .got Disk quota exceeded"),
        (OSError(errno.EROFS, "Read-only", "out/a"), "out/a: the disk can be written .got Read-only file system"),
        (OSError(errno.EACCES, "Denied", "out/a"), "out/a: open to the user who runs this .got Permission denied"),
        (OSError(errno.EPERM, "Denied", b"out/a"), ".*out/a.*: open to the user who runs this .got Operation not per"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "temporary files: .*TMPDIR",
        ),
    ],
)
def test_what_a_disk_says_has_its_sentence(error, sentence):
    assert re.match(sentence, str(disk_error(error)))


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "No", "a"), OSError("no number"), BrokenPipeError()])
def test_other_trouble_is_not_the_disks(error):
    assert disk_error(error) is None


def test_the_command_says_so_as_the_stages_do(unroll, bundle, monkeypatch):
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cli, "load_bundle", full)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"{Path.cwd()}, or .*: the disk takes all that is written", Path("out"))

    def broken(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file")

    monkeypatch.setattr(cli, "load_bundle", broken)
    monkeypatch.setattr(sys, "argv", ["unroll", "score", str(bundle), "a"])
    with pytest.raises(FileNotFoundError):
        cli.main()


# The same from a real shell: no library says a word beside ours.


def shell(*words: str, stdout: int | Any = subprocess.PIPE) -> tuple[int, str]:
    """Exit code and standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", *words], stdout=stdout, stderr=subprocess.PIPE, env=environment)
    return done.returncode, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["not UTF-8", "gzip cut short", "jsonl, cut", "parquet, cut", "csv, ragged"])
def test_a_shell_sees_one_sentence(project, name):
    files, changes, sentence = BAD_CORPORA[name]
    project(files, **{f"corpus.{key}": value for key, value in changes.items()})
    check_failed(*shell("stages.corpus", "--path", "texts", "--out", "out/corpus"), sentence, Path("out"))


@pytest.mark.slow
def test_an_output_that_takes_nothing_is_one_sentence(project):
    folder = project({})
    with Path("/dev/full").open("w") as full:
        code, err = shell("pipeline.cli", "check", stdout=full)
    check_failed(code, err, f"{folder}, or .*: the disk takes all that is written", Path("out"))


@pytest.mark.slow
def test_who_reads_no_further_is_told_nothing(project):
    """As typer and rich have it."""
    project({})
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        assert shell("pipeline.cli", "check", stdout=gone) == (1, "")
