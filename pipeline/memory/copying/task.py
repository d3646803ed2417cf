"""Copying: random symbols, blanks, and the symbols again."""

from pipeline.memory.copying.data import Copying
from pipeline.memory.copying.params import CopyingTask
from pipeline.memory.string_task import string_task


def _strings(params: CopyingTask) -> Copying:
    return Copying(params.symbols, params.lengths, params.unseen_lengths)


TASK = string_task(CopyingTask, _strings)
