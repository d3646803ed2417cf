"""Sequential digits: an image of a digit read pixel by pixel."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples
from pipeline.tasks import classification
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.sequential_digits.data.order import INK, SIDE, places
from pipeline.tasks.sequential_digits.params import SequentialDigitsParams


def _study(
    params: SequentialDigitsParams, examples: Examples, network: nn.Module, answers: classification.Answers
) -> Study:
    """Without a table by length, for all images have 64 pixels, but with the share of the gradient by lag."""
    lags = classification.lag_rows(network, examples.splits["test"])
    return replace(classification.study(params, examples, network, answers), tables={"lag": lags})


@torch.inference_mode()
def predict(bundle: TaskBundle[SequentialDigitsParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The digit of each line's 64 pixels, row by row, from 0 (paper) to 16 (ink)."""
    network = bundle.trained.network.eval()
    for i, line in enumerate(lines, 1):
        pixels = pixels_of(line, f"{where}, line {i}")[places(bundle.params.order)]
        p = network(torch.from_numpy(pixels)[None, :, None]).softmax(-1)[0].tolist()
        shares = dict(zip(bundle.classes, p, strict=True))
        best = max(shares, key=shares.__getitem__)
        yield Prediction(f"{best} ({100 * shares[best]:.1f} %)", {"answer": best, "probabilities": shares})


def pixels_of(line: str, where: str) -> np.ndarray:
    """The pixels of an image that a user wrote, from 0 to 1.

    Raises:
        PipelineError: where they are not 64 numbers from 0 to 16.
    """
    words = line.replace(",", " ").split()
    try:
        pixels = np.array([float(word) for word in words], np.float32)
    except ValueError:
        pixels = np.empty(0, np.float32)
    if len(pixels) != SIDE**2 or not ((pixels >= 0) & (pixels <= INK)).all():
        rule = f"{SIDE**2} numbers from 0 (paper) to {INK} (ink), row by row"
        raise PipelineError(where, rule, repr(line[:60]), "write the pixels of an image of 8 x 8")
    return pixels / INK


TASK = Task(
    shape="many-to-one",
    kind="frame_classifier",
    sizes=classification.sizes,
    objective=classification.objective,
    answer=classification.answer,
    measure=classification.measure,
    study=_study,
    predict=predict,
)
