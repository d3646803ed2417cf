"""Clips that are drawn: an image of a digit moves over a canvas, and how it moves is the class.

The digit comes to every place of a small grid once, in one of six orders: along the rows to the right, or back; along
the columns down, or back; in a spiral inwards clockwise, or back. It starts at a drawn place of the order, and after
its last place comes its first. So all six clips of an image and a grid have the same frames, each once. Whatever looks
at single frames, or at all of them without their order, gives the six the same answer and is right once. A clip has 9,
12 or 16 frames.

The images are those of scikit-learn (see sequential_digits); each is in one split.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int

from pipeline.examples.sets import Examples, Split
from pipeline.tasks.video.params import ImageParams, VideoParams
from pipeline.text.params import HashSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

MOVEMENTS = ("anticlockwise", "clockwise", "down", "left", "right", "up")
GRID_SIDES = (3, 4)
SIDE, INK = 8, 16
SEED = 1


def order(movement: str, rows: int, columns: int) -> list[int]:
    """The places of a grid, counted row by row, in the order of a movement.

    >>> order("up", 2, 3), order("clockwise", 2, 3)
    ([5, 2, 4, 1, 3, 0], [0, 1, 2, 5, 4, 3])
    """
    grid = np.arange(rows * columns).reshape(rows, columns)
    orders = {"right": grid.ravel().tolist(), "down": grid.T.ravel().tolist(), "clockwise": _spiral(grid)}
    backwards = {"left": "right", "up": "down", "anticlockwise": "clockwise"}
    return orders[movement] if movement in orders else orders[backwards[movement]][::-1]


def _spiral(grid: Int[np.ndarray, "R C"]) -> list[int]:
    """The first row, and so on with the rest turned to the left."""
    return [*grid[0].tolist(), *_spiral(np.rot90(grid[1:]))] if grid.size else []


def moving(
    digit: Float[np.ndarray, "8 8"], image: ImageParams, rng: np.random.Generator
) -> Iterator[tuple[str, Float[np.ndarray, "T D"]]]:
    """The clips of an image on a drawn grid, one a movement."""
    rows, columns = rng.choice(GRID_SIDES, 2).tolist()
    top, left = rng.integers(image.height - SIDE - rows + 2), rng.integers(image.width - SIDE - columns + 2)
    frames = np.zeros((rows, columns, image.height, image.width), np.float32)
    for row in range(rows):
        for column in range(columns):
            frames[row, column, top + row :, left + column :][:SIDE, :SIDE] = digit
    flat = frames.reshape(rows * columns, -1)
    for movement in MOVEMENTS:
        start = int(rng.integers(len(flat)))
        yield movement, flat[np.roll(order(movement, rows, columns), start)]


def drawn(params: VideoParams) -> Examples:
    """Clips of the images of each split: `clips` or some more for training, six an image for validation and test."""
    from sklearn.datasets import load_digits

    assert params.image is not None, "VideoParams"
    assert params.split.method == "hash", "VideoParams"
    images = np.asarray(load_digits(return_X_y=True)[0]).reshape(-1, SIDE, SIDE).astype(np.float32) / INK
    of_split = images_by_split(len(images), params.split)
    splits = {}
    for number, name in enumerate(SPLITS):
        rng = np.random.default_rng([SEED, number])
        chosen = rng.permutation(of_split[name])
        if name == "train":
            chosen = np.resize(chosen, -(-params.clips // len(MOVEMENTS)))
        clips = [(at, *clip) for at in chosen.tolist() for clip in moving(images[at], params.image, rng)]
        targets = [np.array(MOVEMENTS.index(movement)) for _, movement, _ in clips]
        notes = {"clip": [f"{movement} of image {at}" for at, movement, _ in clips], "image": [at for at, *_ in clips]}
        splits[name] = Split([frames for *_, frames in clips], targets, notes)
    return Examples(splits, MOVEMENTS)


def images_by_split(number: int, split: HashSplit) -> dict[str, list[int]]:
    """The images of each split, by the hash of their number."""
    found: dict[str, list[int]] = {name: [] for name in SPLITS}
    for i in range(number):
        share = text_share(str(i), split.seed)
        found["test" if share < split.test else "validation" if share < split.test + split.validation else "train"] += [
            i
        ]
    return found
