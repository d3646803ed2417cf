"""A sentence with its entities."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """Words, their BIO tags, and where they were read."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    origin: str
    """The module, or the file and the line of the first word."""
