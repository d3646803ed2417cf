"""The smallest texts, and texts that some stage refuses: the result the table tells, or one sentence."""

import json
import shutil
from pathlib import Path

import pytest
from bad_input import YAML_FILES, check_failed, given, set_values
from stage_calls import STAGES, flags

from pipeline.base.artifacts import Record
from pipeline.base.errors import EXIT_OK
from stages.corpus import corpus
from stages.tokenization import tokenization
from stages.train import train
from stages.vocabulary import vocabulary

SPACES = {"tokenization.word.split": "spaces"}
SMALLEST = {
    # a token and its EOS: two targets in four lanes of eight steps; gradients at one lag need four for validation
    "one token": (given(b"a", b"a\na", b"a"), "char", {}, {"size": 3, "test/tokens": 2, "test/coverage": 1}),
    "one token, units alone": (
        given(b"a", b"a\na", b"a"),
        "char",
        {"batching.char": {"mode": "units"}},
        {"size": 3, "test/tokens": 2, "test/coverage": 1},
    ),
    "a vocabulary of one character": (
        given(b"aab", b"ab\na", b"ba"),
        "char",
        {"vocabulary.char.max_size": 3},
        {"size": 3, "test/coverage": 0.5, "test/unknown_rate": 1 / 3},
    ),
    "only unknown words": (
        given(b"ab cd", b"x y\nx", b"z x"),
        "word",
        {},
        {"size": 4, "test/coverage": 0, "test/unknown_rate": 2 / 3},
    ),
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
    check_vocabulary_fails(capfd, "params.yaml: corpus: the training text holds a word other than <unk>")


def test_a_training_text_without_a_repeated_token_is_one_sentence(project, capfd):
    project(given(b"a b", b"x y", b"z"), **{"vocabulary.word.min_count": 2})
    sentence = "params.yaml: vocabulary.word.min_count: some token occurs 2 times in the training text .got at most 1.;"
    check_vocabulary_fails(capfd, sentence)


def check_vocabulary_fails(capfd, sentence):
    for each in (corpus, tokenization):
        assert each.run(flags(each.name, "word", "gru")) == EXIT_OK
    capfd.readouterr()
    code = vocabulary.run(flags("vocabulary", "word", "gru"))
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


LATER = {
    "a short validation text": (
        {"gradients": {"max_lag": 5, "positions": 4}},
        "gradients: validation ids: needs 3 max_lag . positions = 19 tokens .got 16.; lower gradients.max_lag or",
    ),
    "a prompt of unknown tokens": (
        {"sampling.char.prompt": "a cot"},
        "prompt: tokens that the model's vocabulary has .got .'o'..; leave these out",
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_stage_refuses_is_said_before_any_training(project, capfd, name):
    """By the vocabulary, which went well without the change, and by a training where the change came after it."""
    changes, sentence = LATER[name]
    folder = project(given(b"the cat sat", b"the cat and cat", b"cat"))
    for each in (corpus, tokenization, vocabulary):
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    params = YAML_FILES.load((folder / "params.yaml").read_text(encoding="utf-8"))
    set_values(params, changes)
    YAML_FILES.dump(params, folder / "params.yaml")
    capfd.readouterr()
    check_failed(train.run(flags("train", "char", "gru")), capfd.readouterr().err, sentence, Path("out/train"))
    shutil.rmtree("out/vocabulary")
    code = vocabulary.run(flags("vocabulary", "char", "gru"))
    check_failed(code, capfd.readouterr().err, sentence, Path("out/vocabulary"))


@pytest.mark.parametrize("min_count", [1, 2])
def test_a_vocabulary_that_leaves_unk_untrained_says_so(project, capfd, min_count):
    """Of the training text's characters, c and d occur once; the test text has an x."""
    project(given(b"abcabdab", b"abab", b"abx"), **{"vocabulary.char.min_count": min_count})
    for each in (corpus, tokenization, vocabulary):
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    sentence = "UNK is no target in the training text, so networks do not learn when to expect it"
    assert (sentence in capfd.readouterr().err) == (min_count == 1)
    metrics = Record.load(Path("out/vocabulary")).metrics
    assert metrics["train/unknown_rate"] == pytest.approx({1: 0.0, 2: 2 / 9}[min_count])
    assert metrics["test/unknown_rate"] == 0.25
