"""What many-to-one tasks share, compared with scikit-learn and with examples read one by one."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from pipeline.analysis.shares import gradient_shares
from pipeline.examples.class_scores import class_scores, confusion, macro_f1, rows_by, rows_by_length
from pipeline.examples.measures import bootstrap
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import build_classifier, build_frame_classifier
from pipeline.tasks import classification
from pipeline.tasks.params import TaskParams

PARAMS = TaskParams(
    epochs=2, batch_size=4, learning_rate=0.01, weight_decay=0.0, dropout=0.5, num_validations=1, log_every_steps=1
)
CLASSES = ["no", "so", "yes"]


def split_of(rng, number):
    inputs = [rng.integers(2, 9, rng.integers(1, 12)) for _ in range(number)]
    return Split(inputs, [np.array(rng.integers(3)) for _ in range(number)], {"text": ["x"] * number})


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    for _ in range(3):
        targets, guesses = rng.integers(4, size=(2, 30))
        targets[targets == 3] = 0  # a class that never occurs
        found = class_scores(targets, guesses, 4)
        assert found["accuracy"].value == pytest.approx(accuracy_score(targets, guesses))
        macro = f1_score(targets, guesses, labels=range(4), average="macro")
        assert found["macro_f1"].value == pytest.approx(macro)
        cells = np.eye(16)[targets * 4 + guesses]
        expected = bootstrap(list(cells), lambda sums: macro_f1(sums.reshape(4, 4).astype(int)), seed=2)
        assert found["macro_f1"].low == pytest.approx(expected.low, abs=0.02)
        assert found["macro_f1"].high == pytest.approx(expected.high, abs=0.02)
        assert np.array_equal(confusion(targets, guesses, 4), confusion_matrix(targets, guesses, labels=range(4)))


def test_rows_by_length_hold_every_example():
    targets, guesses = np.array([0, 1, 0, 1, 1]), np.array([0, 0, 0, 1, 0])
    rows = rows_by_length([20, 3, 9, 8, 16], targets, guesses)
    assert [(row["length"], row["n"], row["accuracy"]) for row in rows] == [
        ("1-8", 2, 0.5),
        ("9-16", 2, 0.5),
        ("17-32", 1, 1.0),
    ]
    assert [row["n"] for row in rows_by("side", list("ababa"), targets, guesses)] == [3, 2]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_answers_are_those_of_each_example_alone(bidirectional, model):
    """In their order, without dropout, and whatever else is in the batch."""
    network = build_classifier(
        model("lstm", bidirectional=bidirectional, num_layers=2, dropout=0.5), vocabulary_size=9, num_classes=3, seed=1
    )
    split = split_of(np.random.default_rng(2), 11)
    answers = classification.answer(PARAMS, network, split)
    assert network.training
    network.eval()
    for row, ids in zip(answers, split.inputs, strict=True):
        alone = network(torch.from_numpy(ids)[None]).softmax(-1)[0].detach().numpy()
        np.testing.assert_allclose(row, alone, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_course_is_what_each_beginning_gives(bidirectional, model):
    network = build_classifier(
        model("lstm", bidirectional=bidirectional, num_layers=2, dropout=0.5), vocabulary_size=9, num_classes=3, seed=1
    )
    ids = np.array([2, 5, 3, 8, 8, 2, 7])
    course = classification.course(network, ids, batch_size=3)
    beginnings = Split([ids[:end] for end in range(1, 8)], [np.array(0)] * 7)
    np.testing.assert_allclose(course, classification.answer(PARAMS, network, beginnings), atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_course_of_frames_is_what_each_beginning_gives(bidirectional, model):
    network = build_frame_classifier(model("gru", bidirectional=bidirectional), num_channels=4, num_classes=3, seed=1)
    frames = np.random.default_rng(6).normal(size=(7, 4)).astype(np.float32)
    beginnings = Split([frames[:end] for end in range(1, 8)], [np.array(0)] * 7)
    course = classification.course(network, frames, batch_size=3)
    np.testing.assert_allclose(course, classification.answer(PARAMS, network, beginnings), atol=1e-6)


def test_a_study_holds_the_confusion_matrix_and_every_guess():
    rng = np.random.default_rng(3)
    test = split_of(rng, 7)
    examples = Examples({"test": test}, CLASSES)
    answers = list(rng.dirichlet([1, 1, 1], 7))
    study = classification.study(PARAMS, examples, torch.nn.Identity(), answers)
    guesses = [int(np.argmax(row)) for row in answers]
    assert study.predictions["guess"] == [CLASSES[i] for i in guesses]
    assert np.sum(study.details["confusion"]) == 7
    assert np.trace(study.details["confusion"]) == sum(g == t for g, t in zip(guesses, test.targets, strict=True))
    accuracy = classification.measure(PARAMS, examples, test, answers)["accuracy"].value
    assert accuracy == np.trace(study.details["confusion"]) / 7


def test_an_objective_learns_what_a_batch_of_it_says(model):
    """Its loss of a batch is that of torch's cross-entropy, summed."""
    rng = np.random.default_rng(4)
    examples = Examples({"train": split_of(rng, 10), "validation": split_of(rng, 3)}, CLASSES)
    network = build_classifier(model("gru"), vocabulary_size=9, num_classes=3, seed=1).eval()
    objective = classification.objective(PARAMS, examples, network, seed=1)
    assert objective.num_steps == 2 * 3
    batch = next(objective.batches(0))
    loss, _ = objective.loss(network, batch, None)
    expected = torch.nn.functional.cross_entropy(network(batch[0], batch[1]), batch[2], reduction="sum")
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_table_by_lag_has_the_shares_of_both_directions(bidirectional, model):
    rng = np.random.default_rng(5)
    test = split_of(rng, 7)
    network = build_classifier(model("gru", bidirectional=bidirectional), vocabulary_size=9, num_classes=3, seed=1)
    rows = classification.lag_rows(network, test)
    expected = gradient_shares(network, test, max(test.lengths))
    assert [row["share"] for row in rows] == [row["share"] for row in expected["left"]]
    assert [row["n"] for row in rows] == [sum(length > lag for length in test.lengths) for lag in range(len(rows))]
    if bidirectional:
        assert [row["share_right"] for row in rows] == [row["share"] for row in expected["right"]]
    else:
        assert not any("share_right" in row for row in rows)
