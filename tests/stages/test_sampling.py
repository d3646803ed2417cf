"""The stage on a small corpus, by its own command line."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.base.artifacts import Record, read_json, write_json
from pipeline.language.bundle import LanguageBundle
from pipeline.language.scoring import token_log_probabilities
from pipeline.networks.build import build_language_model
from pipeline.tokens.vocabulary import Vocabulary, learn
from stages.sampling import sampling

PARAMS = Path(__file__).parents[2] / "params.yaml"
TEXTS = {
    "train": ["the cat sat on the mat", "the dog sat"] * 5,
    "validation": ["the cat and a dog sat on that", "", "a mat"],
}


@pytest.fixture
def project(tmp_path, monkeypatch, model):
    """A project's root with a bundle of each kind and the ids of a small text."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, "params.yaml")
    vocabulary = Vocabulary(learn(Counter("".join(text for units in TEXTS.values() for text in units)), 99, "char"))
    ids = Path("out/vocabulary/char")
    ids.mkdir(parents=True)
    for name, units in TEXTS.items():
        np.save(ids / f"{name}.npy", np.array([i for u in units for i in (*vocabulary.encode(u), 0)], dtype=np.uint8))
    write_json(ids / "vocabulary.json", {"level": "char", "size": vocabulary.size})
    for name, bidirectional in (("lstm", False), ("cloze", True)):
        folder = Path("out/train") / name
        folder.mkdir(parents=True)
        section = model("lstm", bidirectional=bidirectional)
        LanguageBundle(build_language_model(section, vocabulary.size, seed=1), vocabulary, section, "char", 1).save(
            folder
        )
    return vocabulary


def run(name: str, out: str = "out/sampling/x", level: str = "char") -> int:
    inputs = ["--bundle", f"out/train/{name}", "--ids", "out/vocabulary/char", "--out", out]
    return sampling.run(["--level", level, "--seed", "1", *inputs])


def rows(out: str = "out/sampling/x") -> list[dict]:
    return [json.loads(line) for line in Path(out, "samples.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]


def set_value(old: str, new: str) -> None:
    """Change a value of the char level, whose sampling section comes first."""
    text = Path("params.yaml").read_text(encoding="utf-8")
    head, tail = text.split("\nsampling:\n")
    assert old in tail
    Path("params.yaml").write_text(head + "\nsampling:\n" + tail.replace(old, new, 1), encoding="utf-8")


def test_samples_with_their_log_probability_novelty_and_end(project):
    set_value('prompt: ""', 'prompt: "the "')
    set_value("max_tokens: 400", "max_tokens: 20")
    assert run("lstm") == 0
    network = LanguageBundle.load(Path("out/train/lstm")).network
    training = "\n".join(TEXTS["train"])
    metrics = Record.load(Path("out/sampling/x")).metrics
    drawn = rows()
    assert len(drawn) == 16
    for row in drawn:
        assert row["text"] == project.decode(row["ids"])
        assert row["text"].startswith("the ")
        assert row["log_probability"] == pytest.approx(token_log_probabilities(network, np.array(row["ids"])).sum())
        assert (row["ended"] == "eos") == (row["ids"][-1] == 0)
        new = row["text"].removeprefix("the ")
        runs = [n for n in range(len(new) + 1) if any(new[i : i + n] in training for i in range(len(new) - n + 1))]
        assert row["longest_run"] == max(runs)
    num_tokens = sum(len(row["ids"]) for row in drawn)
    total = sum(row["log_probability"] for row in drawn)
    assert metrics["log_probability_per_token"] == pytest.approx(total / num_tokens)
    assert metrics["ended_by_eos"] == sum(row["ended"] == "eos" for row in drawn) / 16
    assert metrics["novelty/longest_run"] == max(row["longest_run"] for row in drawn)
    assert {"novelty/ngram_share_5", "diversity/distinct_2", "mean_tokens"} <= metrics.keys()
    assert read_json(Path("out/sampling/x/sampling.json")) == metrics


def test_a_cloze_model_fills_gaps_of_the_validation_text(project):
    assert run("cloze") == 0
    filled = rows()
    assert sorted(row["truth"] for row in filled) == ["a mat", "the cat and a dog sat on that"]
    fills = [gap for row in filled for gap in row["gaps"]]
    for row in filled:
        gapped, text = row["truth"], row["truth"]
        for gap in reversed(row["gaps"]):
            at = gap["place"]
            assert gap["truth"] == row["truth"][at]
            gapped = gapped[:at] + "___" + gapped[at + 1 :]
            text = text[:at] + gap["fill"] + text[at + 1 :]
        assert (row["gapped"], row["text"]) == (gapped, text)
        assert row["log_probability"] == pytest.approx(sum(gap["log_probability"] for gap in row["gaps"]))
    metrics = Record.load(Path("out/sampling/x")).metrics
    assert metrics["fills/count"] == len(fills) == 4
    assert metrics["fills/accuracy"] == sum(gap["fill"] == gap["truth"] for gap in fills) / 4


@pytest.mark.parametrize("name", ["lstm", "cloze"])
def test_two_runs_leave_the_same_bytes(project, name):
    assert run(name, "out/sampling/x") == run(name, "out/sampling/y") == 0
    files = {path.relative_to("out/sampling/x") for path in Path("out/sampling/x").rglob("*") if path.is_file()}
    assert {Path("samples.txt"), Path("samples.jsonl"), Path("sampling.json")} < files
    for file in files:
        assert Path("out/sampling/x", file).read_bytes() == Path("out/sampling/y", file).read_bytes()


def test_a_bundle_of_another_level_is_refused(project, capsys):
    assert run("lstm", level="word") == 2
    assert "stages.sampling: bundle and ids of level word with one vocabulary" in capsys.readouterr().err


def test_a_prompt_with_unknown_characters_is_refused(project, capsys):
    set_value('prompt: ""', 'prompt: "thé"')
    assert run("lstm") == 2
    assert capsys.readouterr().err == ("prompt: tokens that the model's vocabulary has (got ['é']); leave these out\n")
    assert not Path("out/sampling/x").exists()


def test_validation_text_without_a_token_is_refused(project, capsys):
    np.save("out/vocabulary/char/validation.npy", np.zeros(3, np.uint8))
    assert run("cloze") == 2
    assert "a unit with a token in it (got none)" in capsys.readouterr().err
