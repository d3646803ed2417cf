"""Copying: random symbols, blanks, and the symbols again."""

from pipeline.tasks.copying.data.copies import strings
from pipeline.tasks.recall_task import string_task

TASK = string_task(strings)
