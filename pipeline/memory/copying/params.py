"""Section of params.yaml: how copying is learned and asked."""

from pipeline.base.params import Count
from pipeline.memory.params import MemoryTaskOfLengths


class CopyingTask(MemoryTaskOfLengths):
    """Random symbols, `lengths` blanks, and the symbols again."""

    symbols: Count


PARAMS = CopyingTask
