"""What the examples look like."""

from typing import TYPE_CHECKING

import numpy as np

from pipeline.examples.sets import Examples
from pipeline.tasks.figures import lengths_and_classes
from pipeline.tasks.video.params import ImageParams, VideoParams

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_FRAMES, SHOWN_CLASSES = 12, 12


def examples_figure(params: VideoParams, examples: Examples) -> "Figure":
    """The first clip of each class, frame by frame; of rows of numbers the lengths and the classes."""
    if params.image is None or params.labels == "frames":
        return lengths_and_classes(params, examples)
    return _strips(params.image, examples)


def _strips(image: ImageParams, examples: Examples) -> "Figure":
    from matplotlib.figure import Figure

    train, classes = examples.splits["train"], examples.classes[:SHOWN_CLASSES]
    targets = [int(target) for target in train.targets]
    figure = Figure(figsize=(10, 0.95 * len(classes)), layout="constrained")
    for i, name in enumerate(classes):
        panel = figure.add_subplot(len(classes), 1, i + 1)
        frames = train.inputs[targets.index(i)][:SHOWN_FRAMES]
        panel.imshow(strip(frames, image.height, image.width), cmap="Greys", vmin=0, vmax=1)
        panel.set_axis_off()
        panel.set_title(name, loc="left", fontsize="small")
    return figure


def strip(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """Images side by side, with a grey line behind each.

    >>> strip(np.zeros((2, 6)), 2, 3).shape
    (2, 8)
    """
    images = np.pad(frames.reshape(-1, height, width), ((0, 0), (0, 0), (0, 1)), constant_values=0.5)
    return np.concatenate(list(images), axis=1)
