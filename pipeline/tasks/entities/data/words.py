"""Text cut into words, and the form in which a look-up knows a word."""

import re
from typing import NamedTuple

from pipeline.tokens.units import normalize

WORD = re.compile(
    r"""https?://\S+          # an address
    | (?<![\w@\#])[@\#]\w+    # @name, #subject
    | \d+(?:[.,:/]\d+)+       # a number
    | ['\u2019]s\b            # of it's, Ann's
    | \w+(?:[-'\u2019](?!s\b)\w+)*  # a word, with hyphens and apostrophes within: read-only, don't
    | (\S)\1*                 # any other sign, repeated or not: ... is one""",
    re.VERBOSE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'`(])")
"""Behind a full stop, where a capital, a quotation mark or a bracket follows."""


class Word(NamedTuple):
    """A word and where it is in its text."""

    text: str
    start: int
    stop: int


def words_of(text: str) -> list[Word]:
    """The words of a text, all of it but the white space.

    >>> [word.text for word in words_of("Call read_all(file), it's read-only: don't...")]
    ['Call', 'read_all', '(', 'file', ')', ',', 'it', "'s", 'read-only', ':', "don't", '...']
    """
    return [Word(match[0], *match.span()) for match in WORD.finditer(text)]


def sentences_of(paragraph: str) -> list[str]:
    """The sentences of a paragraph.

    >>> sentences_of("Close it, i.e. the file. Raises OSError.")
    ['Close it, i.e. the file.', 'Raises OSError.']
    """
    return SENTENCE_END.split(paragraph)


def form_of(word: str, lower_case: bool, zero_digits: bool) -> str:
    """The form that the vocabulary counts and the look-up is asked for.

    >>> form_of("B2", lower_case=True, zero_digits=True)
    'b0'
    """
    word = normalize(word)
    word = word.lower() if lower_case else word
    return re.sub(r"\d", "0", word) if zero_digits else word
