"""Tasks made of strings of symbols: where their examples come from.

An example is a string, shifted: a network reads the begin token and the symbols, and learns to predict the symbols and
EOS. It is asked only at the places whose symbol follows from one far before.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from pipeline.base.errors import PipelineError
from pipeline.base.memory import check_memory
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.params import DrawnParams
from pipeline.tasks.recall import distances_figure, known_scores
from pipeline.tasks.source import Source
from pipeline.tokens.vocabulary import EOS_TOKEN, UNK_TOKEN
from pipeline.tokens.windows import shifted

FIRST = 2
"""The id of a task's first symbol: EOS is 0, UNK (which never occurs) 1."""
BYTES_PER_TOKEN = 8
"""Of a string in memory, at least."""

P = TypeVar("P", bound=DrawnParams)


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


def string_source(strings: Callable[[P], Strings]) -> Source[P]:
    """The source of a task made of strings."""
    return Source(
        read=lambda params: examples_of(strings(params), params.budget_tokens, params.test_sequences),
        baselines=lambda params, examples: known_scores("bits", *without_memory(strings(params))),
        figure=lambda params, examples: distances_figure(examples),
    )


def without_memory(source: Strings) -> tuple[float, float]:
    """Bits and accuracy of the best answer without memory: all choices are equally likely."""
    return math.log2(len(source.choices)), 1 / len(source.choices)


def examples_of(source: Strings, budget_tokens: int, test_sequences: int) -> Examples:
    """Strings of the three splits, each from a generator of its own."""
    check_memory(BYTES_PER_TOKEN * (budget_tokens + test_sequences), "budget_tokens and test_sequences of the task")
    strings = {
        "train": drawn(source, Random("train"), budget_tokens),
        "validation": source.questions(Random("validation"), test_sequences),
        "test": source.questions(Random("test"), test_sequences),
    }
    names = [EOS_TOKEN, UNK_TOKEN, *source.names]
    return Examples({name: split_of(of, names, source.separator) for name, of in strings.items()}, names)


def drawn(source: Strings, random: Random, num_tokens: int) -> list[String]:
    """Training strings of `num_tokens` tokens or a few more."""
    strings, tokens = [], 0
    while tokens < num_tokens:
        strings.append(source.draw(random))
        tokens += len(strings[-1].ids)
    return strings


def split_of(strings: Sequence[String], names: Sequence[str], separator: str = " ") -> Split:
    """The strings as examples, with their text, places, distance and attractors as notes."""
    targets = [np.array(string.ids, np.int64) for string in strings]
    notes = {
        "text": [separator.join(names[i] for i in string.ids[:-1]) for string in strings],
        "places": [list(string.places) for string in strings],
        "distance": [string.distance for string in strings],
    }
    if any(string.attractors is not None for string in strings):
        notes["attractors"] = [string.attractors for string in strings]
    return Split([shifted(ids, begin=len(names)) for ids in targets], targets, notes)


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
