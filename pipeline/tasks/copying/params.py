"""Section of params.yaml: how copying is learned and asked."""

from pipeline.base.params import Count
from pipeline.tasks.params import DrawnParamsOfLengths


class CopyingParams(DrawnParamsOfLengths):
    """Random symbols, `lengths` blanks, and the symbols again."""

    symbols: Count


PARAMS = CopyingParams
