"""Strings of the embedded Reber grammar."""

from pipeline.tasks.reber.data.grammar import strings
from pipeline.tasks.string_source import string_source

SOURCE = string_source(strings)
