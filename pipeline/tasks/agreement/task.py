"""Agreement: was or were, by the number of a subject some words before."""

from pipeline.tasks.agreement.data.sentences import strings
from pipeline.tasks.recall_task import string_task

TASK = string_task(strings)
