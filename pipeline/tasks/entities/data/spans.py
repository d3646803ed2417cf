"""Entities as spans, and as tags: one rule reads the tags of all schemes.

`B-x` starts an entity of type x, `I-x` goes on with one, `O` is outside; BIOES closes entities with `E-x`, and marks
those of one word `S-x` (BILOU: `L-x`, `U-x`). An `I-x` or `E-x` with no entity of type x to go on with starts one, as
in the official scorer (conlleval, Tjong Kim Sang & Buchholz 2000). This reads IOB1 too, where `B-x` is written only
between two entities of one type that touch.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

OUTSIDE = "O"
TAG = re.compile(r"O|[BIESLU]-\S+")
"""What a tag looks like."""


class Span(NamedTuple):
    """An entity: words `start` to `stop`, that one not included."""

    start: int
    stop: int
    type: str


def spans_of(tags: Iterable[str]) -> list[Span]:
    """The entities that tags of any scheme, valid or not, say.

    >>> spans_of(["B-x", "I-x", "I-y", "O", "I-x", "B-x"])
    [Span(start=0, stop=2, type='x'), Span(start=2, stop=3, type='y'), Span(start=4, stop=5, type='x'), \
Span(start=5, stop=6, type='x')]
    >>> spans_of(["S-x", "B-x", "E-x", "E-x"])
    [Span(start=0, stop=1, type='x'), Span(start=1, stop=3, type='x'), Span(start=3, stop=4, type='x')]
    """
    spans: list[Span] = []
    is_open = False
    for place, tag in enumerate(tags):
        mark, _, kind = tag.partition("-")
        if mark in "IEL" and is_open and spans[-1].type == kind:
            spans[-1] = spans[-1]._replace(stop=place + 1)
        elif mark != OUTSIDE:
            spans.append(Span(place, place + 1, kind))
        is_open = mark in "BI"
    return spans


def tags_of(spans: Iterable[Span], length: int) -> list[str]:
    """The BIO tags (IOB2: every entity starts with a B) of entities in a sentence of so many words.

    >>> tags_of([Span(1, 3, "x")], 4)
    ['O', 'B-x', 'I-x', 'O']
    """
    tags = [OUTSIDE] * length
    for start, stop, kind in spans:
        tags[start:stop] = [f"B-{kind}", *[f"I-{kind}"] * (stop - start - 1)]
    return tags


def classes_of(types: Iterable[str]) -> list[str]:
    """The BIO tags of types as a network's classes: O is 0, B of type k is 2 k + 1, and its I the class after it.

    >>> classes_of({"y", "x"})
    ['O', 'B-x', 'I-x', 'B-y', 'I-y']
    """
    return [OUTSIDE, *(f"{mark}-{kind}" for kind in sorted(types) for mark in "BI")]


def tags_named(classes: Sequence[str], numbers: Int[np.ndarray, " T"]) -> list[str]:
    """The tags of numbers of classes.

    >>> tags_named(["O", "B-x", "I-x"], np.array([1, 2, 0]))
    ['B-x', 'I-x', 'O']
    """
    return [classes[int(number)] for number in numbers]


def counts(wanted: Sequence[Span], found: Sequence[Span]) -> tuple[int, int, int]:
    """How many entities are right (span and type both), found, and wanted.

    >>> counts([Span(0, 2, "x"), Span(3, 4, "y")], [Span(0, 1, "x"), Span(3, 4, "y")])
    (1, 2, 2)
    """
    return len(set(wanted) & set(found)), len(found), len(wanted)
