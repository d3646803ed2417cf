"""Sequential digits: the images, their order, and what is answered to them."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pipeline.base.errors import PipelineError
from pipeline.networks.build import build_frame_classifier
from pipeline.networks.bundle import Bundle
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.sequential_digits.data import SOURCE
from pipeline.tasks.sequential_digits.data.order import places
from pipeline.tasks.sequential_digits.params import SequentialDigitsParams
from pipeline.tasks.sequential_digits.task import TASK, pixels_of, predict


def params(order) -> SequentialDigitsParams:
    return SequentialDigitsParams(
        order=order,
        epochs=1,
        batch_size=8,
        learning_rate=0.02,
        weight_decay=0.1,
        dropout=0.0,
        num_validations=1,
        log_every_steps=2,
    )


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.asarray(load_digits(return_X_y=True)[0]).reshape(-1, 8, 8)


@pytest.mark.parametrize("order", ["rows", "permuted"])
def test_every_image_is_in_one_split_pixel_by_pixel(images, order):
    examples, order_of = SOURCE.read(params(order)), places(order)
    digits, seen = np.asarray(load_digits(return_X_y=True)[1]), []
    for split in examples.splits.values():
        for steps, target, image in zip(split.inputs, split.targets, split.notes["image"], strict=True):
            assert int(target) == digits[image]
            assert (steps.shape, steps.dtype) == ((64, 1), np.float32)
            drawn = np.empty(64)
            drawn[order_of] = steps[:, 0]
            assert np.array_equal(drawn.reshape(8, 8) * 16, images[image])
            seen.append(image)
    assert sorted(seen) == list(range(1797))
    sizes = [len(split) / 1797 for split in examples.splits.values()]
    assert sizes == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    assert sorted(order_of) == list(range(64))


def test_no_image_is_there_twice(images):
    assert len(np.unique(images.reshape(-1, 64), axis=0)) == 1797


def test_baselines_see_the_whole_image_and_do_not_depend_on_the_order():
    rows, permuted = (SOURCE.baselines(params(o), SOURCE.read(params(o))) for o in ("rows", "permuted"))
    found = {of.name: of.scores["test"]["accuracy"].value for of in rows}
    assert found["majority"] < 0.15
    assert found["logistic regression on all pixels"] > 0.93
    assert found["nearest neighbour"] > 0.96
    assert [of.scores["test"]["accuracy"].value for of in permuted] == pytest.approx(list(found.values()), abs=0.01)


def test_the_majority_is_the_most_frequent_training_digit():
    examples = SOURCE.read(params("rows"))
    majority = SOURCE.baselines(params("rows"), examples)[0]
    often = np.bincount([int(t) for t in examples.splits["train"].targets]).argmax()
    expected = np.mean([int(t) == often for t in examples.splits["test"].targets])
    assert majority.scores["test"]["accuracy"].value == pytest.approx(expected)


def test_pixels_of_a_user_are_read_in_the_order_of_the_training(images, model):
    sizes = {"num_channels": 1, "num_classes": 10}
    network = build_frame_classifier(model("gru"), **sizes, seed=1)
    trained = Bundle(network, "frame_classifier", sizes, model("gru"), 1)
    examples = SOURCE.read(params("permuted"))
    test = examples.splits["test"]
    line = " ".join(str(int(pixel)) for pixel in images[test.notes["image"][3]].flatten())
    (given,) = predict(
        TaskBundle(trained, "sequential_digits", params("permuted"), examples.classes, None), [line], "x"
    )
    answers = TASK.answer(params("permuted"), network, test)
    assert list(given.fields["probabilities"].values()) == pytest.approx(answers[3].tolist(), rel=1e-5)
    assert given.fields["answer"] == str(int(torch.tensor(answers[3]).argmax()))


@pytest.mark.parametrize("line", ["", "1 2 3", " ".join(["x"] * 64), " ".join(["17"] * 64), " ".join(["nan"] * 64)])
def test_a_line_that_is_no_image_is_named(line):
    with pytest.raises(PipelineError, match=r"^FILE, line 1: 64 numbers from 0 \(paper\) to 16 \(ink\)"):
        pixels_of(line, "FILE, line 1")


def test_the_figure_shows_each_digit_once():
    figure = SOURCE.figure(params("rows"), SOURCE.read(params("rows")))
    assert [axes.get_title() for axes in figure.axes] == [str(digit) for digit in range(10)]
