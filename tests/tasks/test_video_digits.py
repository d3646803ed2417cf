"""Moving digits: order alone tells the movements apart, and no image is in two splits."""

import itertools
from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_digits
from video_params import video_params

from pipeline.examples.sets import Examples
from pipeline.tasks.video.data import SOURCE
from pipeline.tasks.video.data.baselines import bag, baselines_of_clips
from pipeline.tasks.video.data.digits import GRID_SIDES, MOVEMENTS, images_by_split, order
from pipeline.text.params import HashSplit

BACK = {"left": "right", "up": "down", "anticlockwise": "clockwise"}


@pytest.fixture(scope="module")
def examples() -> Examples:
    return SOURCE.read(video_params())


def frames_of(clip: np.ndarray) -> Counter[bytes]:
    return Counter(frame.tobytes() for frame in clip)


def groups(examples: Examples, name: str) -> list[list[int]]:
    """The clips of one image and grid, which stand behind each other."""
    return [list(range(i, i + len(MOVEMENTS))) for i in range(0, len(examples.splits[name]), len(MOVEMENTS))]


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_all_movements_of_an_image_have_the_same_frames(examples, name):
    """So that no function of the frames without their order is right more or less often than once in six."""
    split = examples.splits[name]
    for group in groups(examples, name):
        assert [int(split.targets[i]) for i in group] == list(range(len(MOVEMENTS)))
        assert len({split.notes["image"][i] for i in group}) == 1
        bags = [frames_of(split.inputs[i]) for i in group]
        assert all(of == bags[0] for of in bags)
        assert set(bags[0].values()) == {1}


def test_a_movement_backwards_is_its_opposite(examples):
    """From another first frame: clips begin anywhere on their way round."""
    split = examples.splits["test"]
    for group in groups(examples, "test")[:20]:
        clips = {MOVEMENTS[int(split.targets[i])]: [f.tobytes() for f in split.inputs[i]] for i in group}
        for name, opposite in BACK.items():
            backwards = clips[opposite][::-1]
            start = backwards.index(clips[name][0])
            assert clips[name] == backwards[start:] + backwards[:start]


def test_a_frame_says_nothing_whatever_its_number():
    """Clips begin at every place of their order equally often, so the first frame is any of them."""
    split = SOURCE.read(video_params(clips=1200)).splits["train"]
    first = Counter()
    for frames, target, _image in zip(split.inputs, split.targets, split.notes["image"], strict=True):
        ink = np.argwhere(frames[0].reshape(12, 13) > 0).mean(0) - np.argwhere(frames.max(0).reshape(12, 13) > 0).mean(
            0
        )
        first[int(target), bool(ink[0] > 0), bool(ink[1] > 0)] += 1
    for corner in {key[1:] for key in first}:
        counts = [first[(movement, *corner)] for movement in range(len(MOVEMENTS))]
        assert max(counts) - min(counts) < 5 * np.sqrt(max(counts))


@pytest.mark.parametrize("rows", GRID_SIDES)
@pytest.mark.parametrize("columns", GRID_SIDES)
@pytest.mark.parametrize("movement", MOVEMENTS)
def test_every_place_is_visited_once_step_by_step(rows, columns, movement):
    places = order(movement, rows, columns)
    assert sorted(places) == list(range(rows * columns))
    steps = [(b // columns - a // columns, b % columns - a % columns) for a, b in itertools.pairwise(places)]
    usual = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
    if movement in usual:
        assert Counter(steps).most_common(1)[0][0] == usual[movement]
    else:  # neighbours all the way, turning to one side
        assert all(abs(down) + abs(right) == 1 for down, right in steps)
        turns = {a[0] * b[1] - a[1] * b[0] for a, b in itertools.pairwise(steps)} - {0}
        assert turns == {1 if movement == "anticlockwise" else -1}


def test_frames_show_the_image_whole(examples):
    images = np.asarray(load_digits(return_X_y=True)[0]).reshape(-1, 8, 8) / 16
    split = examples.splits["validation"]
    for frames, image in list(zip(split.inputs, split.notes["image"], strict=True))[:40]:
        digit = images[image]
        assert frames.dtype == np.float32
        for frame in frames:
            canvas = frame.reshape(12, 13)
            spots = [(r, c) for r in range(5) for c in range(6) if np.allclose(canvas[r : r + 8, c : c + 8], digit)]
            assert len(spots) >= 1
            assert canvas.sum() == pytest.approx(digit.sum(), rel=1e-5)


def test_no_image_is_in_two_splits(examples):
    of = {name: set(split.notes["image"]) for name, split in examples.splits.items()}
    assert not of["train"] & of["test"] | of["train"] & of["validation"] | of["validation"] & of["test"]
    dealt = images_by_split(1797, HashSplit(method="hash", validation=0.1, test=0.2, seed=1))
    assert sorted(image for images in dealt.values() for image in images) == list(range(1797))
    assert [len(images) / 1797 for images in dealt.values()] == pytest.approx([0.7, 0.1, 0.2], abs=0.03)


def test_what_is_blind_to_order_is_exactly_at_chance(examples):
    found = {row.name: row.scores["test"]["accuracy"].value for row in baselines_of_clips(examples)}
    assert found["majority"] == found["bag of frames"] == pytest.approx(1 / 6, abs=1e-12)
    assert found["nearest neighbour by warping"] > 0.3
    for group in groups(examples, "test"):
        bags = [bag(examples.splits["test"].inputs[i]) for i in group]
        assert all(np.array_equal(of, bags[0]) for of in bags)


def test_the_clips_are_a_function_of_the_params_alone(examples):
    again = SOURCE.read(video_params())
    for name, split in examples.splits.items():
        assert all(np.array_equal(a, b) for a, b in zip(split.inputs, again.splits[name].inputs, strict=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": "frames"}, "labels: moving digits have a class a clip"),
        ({"image": None}, "image: moving digits need a height and width of 11"),
        ({"image": {"height": 10, "width": 12, "features": None}}, r"\(got \(10, 12\)\)"),
        ({"split": {"method": "given", "validation": 0.1, "seed": 1}}, "split.method: moving digits bring no splits"),
        ({"rename": {"up": "down"}}, "rename: without effect with path null"),
        ({"path": "x", "person": "a-z"}, "person: a regular expression with one group"),
        ({"path": "x", "window": 9}, "window: for a class a frame"),
        ({"path": "x", "normalise": True}, "normalise: for rows of numbers"),
    ],
)
def test_settings_that_do_not_agree_are_named(changes, said):
    with pytest.raises(Exception, match=said):
        video_params(**changes)


def test_the_figure_has_a_strip_a_movement(examples):
    figure = SOURCE.figure(video_params(), examples)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(MOVEMENTS)
