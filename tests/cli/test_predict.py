"""`unroll predict`: where inputs may come from, and what is said of those that cannot be answered."""

import io
import json
from pathlib import Path

import pytest

from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import Bundle
from pipeline.params import PARAMS_FILE, load_params
from pipeline.tasks import source
from pipeline.tasks.bundle import TaskBundle

ROOT = Path(__file__).parents[2]
SENTENCE = "the dogs near my cat"


@pytest.fixture
def agreement(model, tmp_path) -> str:
    """A network that has not learned which verb follows which subject."""
    params = load_params(ROOT / PARAMS_FILE).tasks.agreement
    few = params.model_copy(update={"budget_tokens": 100, "test_sequences": 2})
    examples, section = source.load("agreement").read(few), model("gru")
    network = build_language_model(section, len(examples.classes), seed=1)
    owner = TaskBundle.owner("agreement", params, examples.classes)
    bundle = Bundle(network, "language_model", {"vocabulary_size": len(examples.classes)}, section, 1, owner)
    folder = tmp_path / "agreement-gru-1"
    folder.mkdir()
    TaskBundle(bundle, "agreement", params, examples.classes, None).save(folder)
    return str(folder)


def test_arguments_a_file_and_standard_input_have_the_same_answers(unroll, agreement, monkeypatch):
    Path("lines.txt").write_bytes(f"\ufeff{SENTENCE}\r\n{SENTENCE} still\n".encode())
    sentences = [SENTENCE, f"{SENTENCE} still"]
    code, said, _ = unroll("predict", agreement, *sentences)
    assert code == 0
    assert "was" in said
    assert unroll("predict", agreement, "--file", "lines.txt") == (0, said, "")
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(sentences)))
    assert unroll("predict", agreement) == (0, said, "")


def test_json_has_an_object_a_line(unroll, agreement):
    code, said, _ = unroll("predict", agreement, "--json", SENTENCE)
    fields = json.loads(said)
    assert code == 0
    assert sum(fields["probabilities"][0].values()) == pytest.approx(1)


def test_a_language_models_bundle_is_none_of_a_task(unroll, bigram):
    code, _, said = unroll("predict", bigram, "text")
    assert code == 2
    assert "the bundle of a task (got a language_model); choose a folder of out/task" in said


def test_a_task_that_does_not_translate_scores_no_pair(unroll, agreement):
    code, _, said = unroll("score-pair", agreement, SENTENCE, SENTENCE)
    assert (code, said.count("\n")) == (2, 1)
    assert "the bundle of a task that translates (got agreement); choose a folder of out/task" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "text"], "nowhere: the folder of a trained network (got no such folder); "),
        (["BUNDLE", "text", "--file", "f"], "unroll predict: either inputs or --file (got 1 inputs and f); "),
        (["BUNDLE", "--file", "missing.txt"], "missing.txt: a file that can be read (got No such file or directory)"),
        (["BUNDLE", "--file", "blank.txt"], "blank.txt: at least one line (got none); write an input on each line"),
        (["BUNDLE", "the xylophone"], "input, line 1: "),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(unroll, agreement, words, said):
    Path("blank.txt").write_text(" \n\n")
    code, shown, error = unroll("predict", *(agreement if word == "BUNDLE" else word for word in words))
    assert (code, shown, error.count("\n")) == (2, "", 1)
    assert error.startswith(said)
