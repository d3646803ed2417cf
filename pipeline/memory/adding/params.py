"""Section of params.yaml: how adding is learned and asked."""

from pipeline.memory.params import MemoryTaskOfLengths


class AddingTask(MemoryTaskOfLengths):
    """The sum of the two marked values of a sequence of `lengths` steps."""

    _shortest = 3


PARAMS = AddingTask
