"""The parts on gradients and memory, in the order in which they are read."""

from pipeline.report import clipping, context, gates, layers, reach, recall
from pipeline.report.collect import LevelResults, TaskResults
from pipeline.report.parts import Part


def of_level(level: LevelResults) -> list[Part]:
    """How far gradients reach at one level, why, whether that is used, and whether they explode."""
    return [module.part(level) for module in (reach, layers, gates, context, clipping)]


def of_task(task: TaskResults) -> Part:
    """What is remembered of one task, and how far."""
    return recall.part(task)
