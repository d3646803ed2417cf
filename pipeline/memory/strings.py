"""A task made of strings: what a network reads to learn it, and the places where it is asked."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import Protocol, runtime_checkable

import numpy as np

from pipeline.tokens.windows import Ids

FIRST = 2
"""The id of a task's first symbol: EOS is 0, UNK (which never occurs) 1."""


@dataclass(frozen=True)
class String:
    """One unit of ids and what is asked in it."""

    ids: Sequence[int]
    """Closed by EOS."""
    places: Sequence[int]
    """Where the answers stand: what comes there follows from a symbol far before, and from nothing else."""
    distance: int
    """Symbols between that symbol and the answer."""
    attractors: int | None = None
    """Nouns of the other number between them; None where a task has no such thing."""


@runtime_checkable
class Strings(Protocol):
    """A task: a source of strings that a seeded generator alone decides."""

    @property
    def vocabulary_size(self) -> int:
        """V, EOS and UNK counted."""
        ...

    @property
    def choices(self) -> Sequence[int]:
        """The ids that can be an answer, equally often whatever stands around them."""
        ...

    def draw(self, random: Random) -> String:
        """A string as they come in training."""
        ...

    def questions(self, random: Random, number: int) -> list[String]:
        """The test: `number` strings of each length, or in all where lengths come as they will."""
        ...


def bits_without_memory(task: Strings) -> float:
    """What an answer costs at best without memory: all choices are equally likely. With memory it costs 0 bits."""
    return math.log2(len(task.choices))


def drawn(task: Strings, random: Random, num_tokens: int) -> list[String]:
    """Training strings of `num_tokens` tokens or a few more: one pass over them is the budget, none comes twice."""
    strings, tokens = [], 0
    while tokens < num_tokens:
        strings.append(task.draw(random))
        tokens += len(strings[-1].ids)
    return strings


def joined(strings: Iterable[String]) -> Ids:
    """The strings as one array, as a split of a text is stored."""
    return np.fromiter(chain.from_iterable(string.ids for string in strings), dtype=np.uint8)
