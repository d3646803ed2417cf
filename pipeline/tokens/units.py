"""Units of text: what EOS ends. Lines, runs of lines, or the whole."""

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Literal

Unit = Literal["line", "paragraph", "document"]


def normalize(text: str) -> str:
    r"""The text in NFC with `\n` for every line end: one spelling for what looks the same.

    >>> normalize("cafe\u0301\r\n\r")
    'café\n\n'
    """
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def without_mark(text: str) -> str:
    r"""The text without a byte-order mark before it, which is no text; any other U+FEFF is.

    >>> without_mark("\ufeffa\ufeff")
    'a\ufeff'
    """
    return text.removeprefix("\ufeff")


def units_of(text: str, unit: Unit) -> Iterator[str]:
    r"""The units of one normalised text.

    >>> list(units_of("a\nb\n\nc", "paragraph")), list(units_of("a\n", "document"))
    (['a\nb', 'c'], ['a\n'])
    """
    return iter([text]) if unit == "document" else group(lines_of(text), unit)


def group(lines: Iterable[str], unit: Unit) -> Iterator[str]:
    r"""Lines as they are, or their runs that hold no blank line, as paragraphs.

    >>> list(group(["a", " b", " ", "", "c"], "paragraph"))
    ['a\n b', 'c']
    """
    if unit == "line":
        return iter(lines)
    runs = groupby(lines, key=lambda line: not line.strip())
    return ("\n".join(run) for is_blank, run in runs if not is_blank)


def lines_of(text: str) -> list[str]:
    r"""The lines without their ends; a last line end begins no further line.

    >>> lines_of("a\n\nb\n"), lines_of("\n"), lines_of("")
    (['a', '', 'b'], [''], [])
    """
    lines = text.split("\n")  # not splitlines: form feeds and U+2028 end no line
    return lines if lines[-1] else lines[:-1]
