"""Embedded Reber grammar: the second symbol comes again as the last but one."""

import math
from collections.abc import Mapping, Sequence

from pipeline.memory.evaluation import bits_per_string
from pipeline.memory.reber.data import Reber, bits_of
from pipeline.memory.reber.params import ReberTask
from pipeline.memory.string_task import string_task
from pipeline.memory.strings import String
from pipeline.networks.build import Network


def _whole_strings(network: Network, test: Sequence[String]) -> Mapping[str, float] | None:
    if network.predicts != "next":  # a cloze model gives a string no probability
        return None
    entropy = math.fsum(map(bits_of, test)) / len(test)
    return {"bits": bits_per_string(network, test), "with_memory": entropy, "without": entropy + 1}


TASK = string_task(ReberTask, lambda params: Reber(), _whole_strings)
