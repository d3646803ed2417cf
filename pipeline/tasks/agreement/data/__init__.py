"""Sentences drawn from a grammar."""

from pipeline.tasks.agreement.data.sentences import strings
from pipeline.tasks.string_source import string_source

SOURCE = string_source(strings)
