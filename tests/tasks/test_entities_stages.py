"""A user's CoNLL files through the stages: one sentence and exit code 2, or examples, a network and its answers."""

import json
from pathlib import Path

import pytest
from bad_input import GIVEN, HASH, check_failed

from pipeline.base.errors import EXIT_OK
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import load
from stages.examples import examples
from stages.task import task

ROWS = b"".join(f"Mr\tO\nName{i % 7}\tB-person\ncame{i}\tO\n\n".encode() for i in range(60))
BAD = {
    "no tag": (b"Ann\n", GIVEN, "texts/train.conll: line 1: a line holds a word and its tag"),
    "no such tag": (b"Ann\tperson\n", GIVEN, "texts/train.conll: line 1: the last column is a tag"),
    "empty": (b"", GIVEN, "texts: the train split has entities .got 0 sentences"),
    "given, by other names": (ROWS, GIVEN, "texts/more.conll: each file's name says train, validation"),
    "too few": (b"Ann\tB-person\n", HASH, "texts: the [a-z]+ split has entities .got 0 sentences"),
}


def settings(split, **changes):
    """Params of a small training on the files of `texts`."""
    entry = {"path": "texts", "split": split, "min_count": 1, "character_size": 4, "epochs": 2, "num_validations": 2}
    return {"tasks.path": "texts", **{f"tasks.entities.{key}": value for key, value in (entry | changes).items()}}


@pytest.mark.parametrize("name", BAD)
def test_wrong_conll_files_are_one_sentence(project, capfd, name):
    train, split, sentence = BAD[name]
    others = ["more"] if "names" in name else ["dev", "test"] if split == GIVEN else []
    project({"train.conll": train, **{f"{other}.conll": ROWS for other in others}}, **settings(split))
    code = examples.run(["--task", "entities", "--out", "out/examples"])
    check_failed(code, capfd.readouterr().err, sentence, Path("out"))


@pytest.mark.slow
@pytest.mark.parametrize("crf", [True, False])
def test_conll_files_go_all_the_way(project, crf):
    """From a file with a BOM, CRLF and a word of 100,000 characters to losses, scores and answers."""
    long = b"word" * 25_000 + b"\tO\r\n\r\n"
    project({"a.conll": b"\xef\xbb\xbf" + long + ROWS.replace(b"\n", b"\r\n")}, **settings(HASH, crf=crf))
    assert examples.run(["--task", "entities", "--out", "out/examples"]) == EXIT_OK
    flags = ["--task", "entities", "--model", "gru", "--seed", "1", "--examples", "out/examples", "--out", "out/task"]
    assert task.run(flags) == EXIT_OK
    scores = json.loads(Path("out/task/scores.json").read_text(encoding="utf-8"))
    assert set(scores["test"]) == {"f1", "precision", "recall", "token_accuracy"}
    history = [json.loads(line) for line in Path("out/task/record/history.jsonl").read_text().splitlines()]
    last = max(row["step"] for row in history)
    of_last = {key for row in history if row["step"] == last for key in row["metrics"]}
    assert {"train/nats_per_target", "validation/nats_per_target", "validation/f1"} <= of_last
    bundle = TaskBundle.load(Path("out/task"))
    (answer,) = load("entities", bundle.params).predict(bundle, ["Mr Name1 came"], "input")
    assert answer.fields["text"] == "Mr Name1 came"
