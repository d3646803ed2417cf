"""Section of params.yaml: how Reber strings are learned and asked."""

from pipeline.memory.params import MemoryTask


class ReberTask(MemoryTask):
    """Embedded Reber grammar: the second symbol comes again as the last but one."""


PARAMS = ReberTask
