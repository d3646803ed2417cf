"""Sentences of CoNLL files: a word and its tag a line, a blank line behind each sentence.

Columns are parted by tabs or blanks: the word is the first, the tag the last, those between are not read. Lines that
begin with -DOCSTART- start a document and are left out. Tags may be BIO (IOB2), IOB1, BIOES or BILOU; what they say is
read by the rule of `spans_of`, and kept as BIO.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.tasks.entities.data.sentences import Sentence
from pipeline.tasks.entities.data.spans import TAG, spans_of, tags_of
from pipeline.text.utf8 import read_text

COLUMNS = re.compile(r"[ \t]+")
SHOWN = 60
"""Characters of a line that an error quotes."""


def conll_sentences(file: Path) -> list[Sentence]:
    """The sentences of a file.

    Raises:
        CorpusError: where the file or a line of it cannot be read.
    """
    return list(parsed(read_text(file), str(file)))


def parsed(text: str, where: str) -> Iterator[Sentence]:
    r"""The sentences of a file's text.

    >>> [(s.words, s.tags, s.origin) for s in parsed("The O\nBronx I-place\n\n\nIt O\n", "a.conll")]
    [(('The', 'Bronx'), ('O', 'B-place'), 'a.conll: line 1'), (('It',), ('O',), 'a.conll: line 5')]
    """
    words: list[str] = []
    tags: list[str] = []
    first = 1
    for number, line in enumerate([*text.replace("\r\n", "\n").split("\n"), ""], start=1):
        columns = COLUMNS.split(line.strip(" \t\r"))
        if columns[0] and columns[0] != "-DOCSTART-":
            first = first if words else number
            word, tag = _checked(columns, f"{where}: line {number}")
            words.append(word)
            tags.append(tag)
        elif words:
            yield Sentence(tuple(words), tuple(tags_of(spans_of(tags), len(tags))), f"{where}: line {first}")
            words, tags = [], []


def _checked(columns: list[str], where: str) -> tuple[str, str]:
    """The word and the tag of a line."""
    line = " ".join(columns)
    got = repr(line if len(line) <= SHOWN else f"{line[:SHOWN]}...")
    if len(columns) < 2:
        rule, what_to_do = "a line holds a word and its tag", "add what is missing, or make it a blank line"
    elif columns[0].split() != columns[:1]:
        rule, what_to_do = "a word has no white space of any kind within", "take it out"
    elif not TAG.fullmatch(columns[-1]):
        rule, what_to_do = "the last column is a tag such as O, B-place or I-place", "correct it"
    else:
        return columns[0], columns[-1]
    raise CorpusError(where, rule, got, what_to_do)
