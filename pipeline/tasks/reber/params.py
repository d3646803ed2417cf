"""Section of params.yaml: how Reber strings are learned and asked."""

from pipeline.tasks.params import DrawnParams


class ReberParams(DrawnParams):
    """Embedded Reber grammar: the second symbol comes again as the last but one."""


PARAMS = ReberParams
