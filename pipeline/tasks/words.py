"""The sections of all tasks in the report."""

from collections.abc import Mapping
from importlib import import_module

from pipeline.report.task_words import TaskReport
from pipeline.tasks import names


def all_reports() -> Mapping[str, TaskReport]:
    """What each task says of itself, by its name."""
    return {name: import_module(f"pipeline.tasks.{name}.report").REPORT for name in names()}
