"""Random symbols, blanks, and the symbols again."""

from pipeline.tasks.copying.data.copies import strings
from pipeline.tasks.string_source import string_source

SOURCE = string_source(strings)
