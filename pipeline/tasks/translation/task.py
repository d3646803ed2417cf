"""The task: see pair_task.py."""

from pipeline.tasks.pair_task import pair_task

TASK = pair_task
