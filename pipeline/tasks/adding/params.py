"""Section of params.yaml: how adding is learned and asked."""

from pipeline.tasks.params import DrawnParamsOfLengths


class AddingParams(DrawnParamsOfLengths):
    """The sum of the two marked values of a sequence of `lengths` steps."""

    _shortest = 3


PARAMS = AddingParams
