"""Images of digits as sequences of 64 pixels.

The 1,797 images (8 x 8, 17 shades) are those that scikit-learn ships, the test part of UCI's Optical Recognition of
Handwritten Digits (Alpaydin & Kaynak 1998), by 13 writers. Who wrote which is not in the file, so a writer may be in
several splits: the scores are of known hands. Images were read pixel by pixel, those of MNIST, by Le, Jaitly & Hinton
2015 (arXiv:1504.00941).
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from pipeline.examples.sets import Examples, Split
from pipeline.figures import panels
from pipeline.tasks.sequential_digits.data.order import INK, SIDE, places
from pipeline.tasks.sequential_digits.params import SequentialDigitsParams
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEST, VALIDATION = 0.2, 0.1
SEED = 1


def read(params: SequentialDigitsParams) -> Examples:
    """The images in three splits, by the hash of their number in the file."""
    from sklearn.datasets import load_digits

    pixels, digits = map(np.asarray, load_digits(return_X_y=True))
    shares = np.array([text_share(str(i), SEED) for i in range(len(digits))])
    names = np.where(shares < TEST, "test", np.where(shares < TEST + VALIDATION, "validation", "train"))
    steps = (pixels / INK).astype(np.float32)[:, places(params.order)]  # (N, 64)
    splits = {}
    for name in SPLITS:
        images = np.flatnonzero(names == name)
        inputs, targets = [steps[i][:, None] for i in images], [np.asarray(digits[i]) for i in images]
        splits[name] = Split(inputs, targets, {"image": images.tolist()})
    return Examples(splits, [str(digit) for digit in range(10)])


def pixels_of(split: Split) -> Float[np.ndarray, "N 64"]:
    """All steps of each image."""
    return np.stack(split.inputs)[..., 0]


def examples_figure(examples: Examples) -> "Figure":
    """The first image of each digit as it is read: steps 1 to 8 in the first row, and so on."""
    train = examples.splits["train"]
    targets = [int(target) for target in train.targets]
    figure, axes = panels(10, 10, 1.6)
    for digit, panel in enumerate(axes):
        image = train.inputs[targets.index(digit)].reshape(SIDE, SIDE)
        panel.imshow(image, cmap="Greys", vmin=0, vmax=1)
        panel.set_axis_off()
        panel.set_title(str(digit))
    return figure
