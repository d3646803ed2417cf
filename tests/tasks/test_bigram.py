"""Bigram: the pairs, what n-grams pay for them, and answers that are known."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples
from pipeline.networks.build import build_classifier
from pipeline.networks.bundle import Bundle
from pipeline.report.parts import Paragraph
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.bigram.data.ngrams import baselines, table_of
from pipeline.tasks.bigram.data.pairs import examples_of
from pipeline.tasks.bigram.data.scores import measured
from pipeline.tasks.bigram.params import BigramParams
from pipeline.tasks.bigram.report import compared
from pipeline.tasks.bigram.task import TASK, bigrams_figure, predict, table
from pipeline.tasks.bundle import TaskBundle
from pipeline.text.ngram import KneserNey

PARAGRAPHS = [f"{a} {b} {c}" for a in ("abba", "bab", "ca") for b in ("cab", "a", "bcb") for c in range(60)]
PARAMS = BigramParams(
    train_pairs=300,
    test_pairs=20,
    epochs=1,
    batch_size=8,
    learning_rate=0.02,
    weight_decay=0.1,
    dropout=0.0,
    num_validations=1,
    log_every_steps=2,
)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return examples_of(PARAGRAPHS, train_pairs=300, test_pairs=20)


def test_pairs_are_those_of_whole_paragraphs_and_no_paragraph_is_in_two_splits(examples, tmp_path):
    examples.save(tmp_path)
    found = []
    for split in Examples.load(tmp_path).splits.values():
        texts: dict[int, list[str]] = {}
        for paragraph, this, after in zip(*split.notes.values(), strict=True):
            before = texts.setdefault(paragraph, [])
            assert this == (before[-1] if before else "<begin>")
            before.append(after)
        assert all(text[-1] == "<end of unit>" for text in texts.values())
        found += ["".join(text[:-1]) for text in texts.values()]
    assert len(set(found)) == len(found)
    assert set(found) <= set(PARAGRAPHS)


def test_inputs_and_targets_are_the_ids_of_the_characters(examples):
    names = [*examples.classes, "<begin>"]
    for split in examples.splits.values():
        assert [names[int(ids[0])] for ids in split.inputs] == split.notes["character"]
        assert [names[int(target)] for target in split.targets] == split.notes["next"]
        assert {len(ids) for ids in split.inputs} == {1}


def test_there_are_as_many_pairs_as_wanted_and_a_few_more(examples):
    longest = max(map(len, PARAGRAPHS)) + 1
    assert 300 <= len(examples.splits["train"]) < 300 + longest
    assert all(20 <= len(examples.splits[name]) < 20 + longest for name in ("validation", "test"))


def test_the_2_gram_is_that_of_the_baseline_stage_over_the_same_text(examples):
    """-ln p over the test text as a stream of units, by the model that reads runs of ids."""
    ids = np.array(examples.splits["train"].targets)
    test = np.array(examples.splits["test"].targets)
    nats = KneserNey.fit(ids, len(examples.classes), 2, "units").nats(test)
    one, two = (of.scores["test"]["bits"].value for of in baselines(PARAMS, examples))
    assert [one, two] == pytest.approx((nats.mean(1) / math.log(2)).tolist())
    assert table_of(2, examples).sum(1) == pytest.approx(1)


def test_scores_are_sums_over_characters_with_intervals_over_paragraphs(examples):
    test = examples.splits["test"]
    n = len(test)
    scores = measured(test, [2.0] * n, [True] * n)
    assert (scores["bits"].low, scores["bits"].value, scores["bits"].high) == (2.0, 2.0, 2.0)
    first = [paragraph == 0 for paragraph in test.notes["paragraph"]]
    scores = measured(test, [float(is_first) for is_first in first], first)
    assert scores["accuracy"].value == pytest.approx(sum(first) / n)
    assert scores["accuracy"].low == 0.0, "the first paragraph is drawn or it is not"


def test_answers_are_those_of_the_network_on_each_example(examples, model):
    network = build_classifier(model("gru"), **TASK.sizes(PARAMS, examples), seed=1)
    test = examples.splits["test"]
    answers = TASK.answer(PARAMS, network, test)
    for ids, target, (bits, best) in zip(test.inputs, test.targets, answers, strict=True):
        with torch.no_grad():
            p = network(torch.tensor(ids)[None]).softmax(-1)[0]
        assert bits == pytest.approx(-math.log2(float(p[int(target)])), rel=1e-5)
        assert best == int(p.argmax())
    study = TASK.study(PARAMS, examples, network, answers)
    rows = study.tables["character"]
    counts = Counter(test.notes["character"])
    assert {row["character"]: row["n"] for row in rows} == {repr(name): n for name, n in counts.items()}
    total = sum(row["n"] * row["bits"] for row in rows) / len(test)
    assert total == pytest.approx(TASK.measure(PARAMS, examples, test, answers)["bits"].value)


def test_the_figure_shows_the_network_s_probabilities(examples, model):
    network = build_classifier(model("lstm", bidirectional=True), **TASK.sizes(PARAMS, examples), seed=1)
    begin = len(examples.classes)
    (axes,) = bigrams_figure(table(network), [begin, 2, 3], [*examples.classes, "<begin>"]).axes
    shown = np.asarray(axes.images[0].get_array())
    assert shown.shape == (3, 2), "the begin token is never next"
    assert shown == pytest.approx(table(network)[[begin, 2, 3]][:, [2, 3]] ** 0.5)


def test_a_character_is_answered_with_the_likeliest_next_ones(examples, model):
    sizes = TASK.sizes(PARAMS, examples)
    network = build_classifier(model("gru"), **sizes, seed=1)
    trained = Bundle(network, "classifier", sizes, model("gru"), 1)
    bundle = TaskBundle(trained, "bigram", PARAMS, examples.classes, examples.vocabulary)
    after_a, at_start, unknown = predict(bundle, ["a", "", "é"], "x")
    assert [given.fields["known"] for given in (after_a, at_start, unknown)] == [True, True, False]
    assert unknown.shown.endswith("(this character is unknown to the network)")
    learned = table(network)
    expected = learned[list(examples.classes).index("a")]
    assert list(after_a.fields["next"].values()) == pytest.approx(sorted(expected, reverse=True)[:5])
    assert max(at_start.fields["next"], key=at_start.fields["next"].get) == examples.classes[int(learned[-1].argmax())]
    with pytest.raises(PipelineError, match=r"^FILE, line 1: one character"):
        list(predict(bundle, ["ab"], "FILE"))


def test_the_report_compares_with_the_2_gram():
    baseline = {"name": "2-gram", "kind": "baseline", "scores": {"test": {"bits": {"value": 2.0}}}}
    models = [TaskModelResults(name, {1: {"test": {"bits": {"value": v}}}}) for name, v in (("rnn", 2.01), ("gru", 2))]
    (said,) = compared(TaskResults("bigram", {}, {}, [baseline], models))
    assert said == Paragraph("Compared with the 2-gram, a character costs: rnn +0.50 % and gru +0.00 %.")
