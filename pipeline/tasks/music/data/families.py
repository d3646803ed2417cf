"""Which pieces are versions of one: those of one title, and those that share much of their melody.

Melodies are compared by their intervals, so that another key changes nothing, in runs of eight: two tunes of one kind
share a few scales and broken chords, versions of one tune whole phrases.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

RUN = 8
"""Intervals."""
SHARED = 0.15
"""Of the runs of the shorter melody: with less, large families of tunes that people call unrelated appear."""
COMMON = 50
"""Melodies that have a run at most: one that more have is a scale, and says nothing."""
KIND = re.compile(r"\s-+\s*[^-]*$")
"""What follows a title in some collections: ` -- Reel`."""
NO_WORDS = re.compile(r"[^\w\s]+|\b(?:the|a|an)\b")


def families(titles: Sequence[str], melodies: Sequence[Sequence[int]]) -> list[int]:
    """For each piece the number of the first piece that it is a version of, its own where it is the first.

    Args:
        melodies: MIDI numbers.

    >>> tune = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 60]
    >>> families(["Reel", "", "The reel -- Hornpipe", ""], [tune, [50] * 12, [50, 52], [p + 5 for p in tune]])
    [0, 1, 0, 0]
    """
    parents = list(range(len(titles)))
    for a, b in (*_same_title(titles), *_alike(melodies)):
        first, other = sorted((_root(parents, a), _root(parents, b)))
        parents[other] = first
    return [_root(parents, piece) for piece in range(len(parents))]


def plain_title(title: str) -> str:
    """
    >>> plain_title("The ALHAMBRA -- REEL"), plain_title("Alhambra")
    ('alhambra', 'alhambra')
    """
    return " ".join(NO_WORDS.sub(" ", KIND.sub("", title).casefold()).split())


def intervals_of(melody: Sequence[int]) -> list[int]:
    """
    >>> intervals_of([60, 64, 62])
    [4, -2]
    """
    return [after - before for before, after in pairwise(melody)]


def _root(parents: list[int], piece: int) -> int:
    while parents[piece] != piece:
        parents[piece] = parents[parents[piece]]
        piece = parents[piece]
    return piece


def _same_title(titles: Sequence[str]) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for piece, title in enumerate(titles):
        if name := plain_title(title):
            yield first.setdefault(name, piece), piece


def _alike(melodies: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Pairs that share enough of their runs."""
    runs = [_runs(intervals_of(melody)) for melody in melodies]
    having: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for piece, own in enumerate(runs):
        for run in own:
            having[run].append(piece)
    shared = Counter(pair for pieces in having.values() if len(pieces) <= COMMON for pair in combinations(pieces, 2))
    return ((a, b) for (a, b), number in shared.items() if number >= SHARED * min(len(runs[a]), len(runs[b])))


def _runs(intervals: Sequence[int]) -> set[tuple[int, ...]]:
    """The different runs; a shorter melody is one itself."""
    return {tuple(intervals[i : i + RUN]) for i in range(max(1, len(intervals) - RUN + 1))}
