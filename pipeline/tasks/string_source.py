"""The source of a task made of strings.

An example is a string, shifted: a network reads the begin token and the symbols, and learns to predict the symbols and
EOS. It is asked only at the places whose symbol follows from one far before.
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

import numpy as np

from pipeline.base.memory import check_memory
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.params import DrawnParams
from pipeline.tasks.recall_source import distances_figure, known_scores
from pipeline.tasks.source import Source
from pipeline.tasks.strings import String, Strings
from pipeline.tokens.vocabulary import EOS_TOKEN, UNK_TOKEN
from pipeline.tokens.windows import shifted

BYTES_PER_TOKEN = 8
"""Of a string in memory, at least."""

P = TypeVar("P", bound=DrawnParams)


def string_source(strings: Callable[[P], Strings]) -> Source[P]:
    """The source of a task made of strings."""
    return Source(
        read=lambda params: examples_of(strings(params), params.budget_tokens, params.test_sequences),
        baselines=lambda params, examples: known_scores("bits", *without_memory(strings(params))),
        figure=distances_figure,
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
