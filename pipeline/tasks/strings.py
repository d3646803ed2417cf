"""Tasks made of strings of symbols: what a string is, and where strings come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, runtime_checkable

from pipeline.base.errors import PipelineError

FIRST = 2
"""The id of a task's first symbol: EOS is 0, UNK (which never occurs) 1."""


@dataclass(frozen=True)
class String:
    """A string and what is asked in it."""

    ids: Sequence[int]
    """Closed by EOS."""
    places: Sequence[int]
    """Where the answers are: what comes there follows from a symbol far before, and from nothing else."""
    distance: int
    """Symbols between that symbol and the answer."""
    attractors: int | None = None
    """Nouns of the other number between them; None where a task has no such thing."""


@runtime_checkable
class Strings(Protocol):
    """A source of strings, decided by a seeded generator."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the ids from `FIRST` on."""
        ...

    @property
    def separator(self) -> str:
        """Between symbols when a string is shown."""
        ...

    @property
    def choices(self) -> Sequence[int]:
        """The ids that can be an answer, equally likely whatever is around them."""
        ...

    def draw(self, random: Random) -> String:
        """A training string."""
        ...

    def questions(self, random: Random, number: int) -> list[String]:
        """Test strings: `number` of each length, or in all where lengths are not given."""
        ...

    def asked(self, line: str, where: str) -> String:
        """The string that a user began, with any of the choices at the places of the answers.

        Raises:
            PipelineError: where the task has no such string.
        """
        ...


def ids_of(symbols: Sequence[str], ids: Mapping[str, int], where: str) -> list[int]:
    """The ids of symbols that a user wrote.

    Raises:
        PipelineError: where one is no symbol of the task.
    """
    if unknown := [symbol for symbol in symbols if symbol not in ids]:
        raise PipelineError(where, "symbols of the task", ", ".join(unknown), f"use {_shown(list(ids))}")
    return [ids[symbol] for symbol in symbols]


def _shown(symbols: Sequence[str]) -> str:
    return " ".join(symbols) if len(symbols) < 30 else f"words such as {' '.join(symbols[2:30:3])}"
