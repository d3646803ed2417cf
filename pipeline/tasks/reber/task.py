"""Embedded Reber grammar: the second symbol comes again as the last but one."""

from collections.abc import Mapping
from statistics import fmean

from pipeline.examples.sets import Split
from pipeline.networks.build import Network
from pipeline.tasks.reber.data.grammar import bits_of, strings
from pipeline.tasks.recall_task import bits_per_string, string_task


def _whole_strings(network: Network, test: Split) -> Mapping[str, float] | None:
    """Bits of a whole string: of the network, and at best with memory and without."""
    if network.predicts != "next":  # a cloze model gives a string no probability
        return None
    entropy = fmean(map(bits_of, test.notes["distance"]))
    return {"bits": bits_per_string(network, test), "with_memory": entropy, "without": entropy + 1}


TASK = string_task(strings, _whole_strings)
