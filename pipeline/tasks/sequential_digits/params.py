"""Section of params.yaml: how digits are learned, pixel by pixel."""

from typing import Literal

from pipeline.tasks.params import TaskParams


class SequentialDigitsParams(TaskParams):
    """An image of a digit, read pixel by pixel."""

    order: Literal["rows", "permuted"]
    """Row by row from the top left, or in an order that was drawn once: then neighbours are far from each other."""


PARAMS = SequentialDigitsParams
