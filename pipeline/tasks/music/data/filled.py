"""Bars of given pieces, filled by a network that reads both ways."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.examples.sets import Split
from pipeline.networks.cloze import ClozeModel
from pipeline.sampling.drawing import Choice
from pipeline.sampling.gaps import Filled, Gapped, fill
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.encoding import END, note_of
from pipeline.tasks.music.data.formats import bars
from pipeline.tasks.music.data.tunes import Tune, beats_of_bar

SEED = 1
MAX_PIECES, SHOWN = 64, 3
"""Test pieces with a gap, and how many of them are shown."""

Span = tuple[int, int]
"""The first note of a bar, or of a frame, and the end behind the last one."""


def fill_bars(network: ClozeModel, test: Split, alphabet: Alphabet) -> dict[str, Any]:
    """One bar, or frame, of each of the first test pieces, drawn with a fixed seed, filled and compared."""
    rng = np.random.default_rng(SEED)
    texts = [_gapped(test, i, alphabet, rng) for i in range(min(len(test), MAX_PIECES))]
    gapped = [text for text in texts if text.gaps]
    choice = Choice(alphabet.params.temperature, top_k=None, top_p=None)
    filled = fill(network, gapped, choice, seed=SEED)
    pairs = list(zip(gapped, filled, strict=True))
    return {"gaps": _compared(pairs, alphabet), "filled": [_shown(*pair, alphabet) for pair in pairs[:SHOWN]]}


def _gapped(test: Split, i: int, alphabet: Alphabet, rng: np.random.Generator) -> Gapped:
    """A piece with one bar open, not its first nor its last where it has others; its end is known."""
    ids = test.targets[i].tolist()
    spans = spans_of(alphabet.tokens(ids))
    inner = spans[1:-1] or spans
    start, stop = inner[rng.integers(len(inner))] if inner else (0, 0)
    return Gapped(ids, list(range(start, stop)), int(test.inputs[i][0]))


def spans_of(tokens: Sequence[str]) -> list[Span]:
    """Where the notes of each bar, or frame, are; those without notes are left out.

    >>> spans_of(["K:D", "M:6/8", "62:3", "|", "74:1/2", "r:1", "|"]), spans_of(["60", "48", "|", "|", "60", "|"])
    ([(2, 3), (4, 6)], [(0, 2), (4, 5)])
    """
    spans, start = [], None
    for place, token in enumerate(tokens):
        if token == END:
            spans += [(start, place)] if start is not None else []
            start = None
        elif start is None and (token.isdecimal() or note_of(token) is not None):
            start = place
    return spans


def _compared(pairs: Sequence[tuple[Gapped, Filled]], alphabet: Alphabet) -> dict[str, Any]:
    """`right`: share of notes as they were; `bars`: share of filled bars that add up, beside the true ones."""
    notes = [text.ids[gap] == filled.ids[gap] for text, filled in pairs for gap in text.gaps]
    found: dict[str, Any] = {"pieces": len(pairs), "notes": len(notes), "right": sum(notes) / max(len(notes), 1)}
    if alphabet.params.format == "tunes" and pairs:
        for name, ids_of in (("bars", [filled.ids for _, filled in pairs]), ("true_bars", [t.ids for t, _ in pairs])):
            whole = [_adds_up(ids, text.gaps, alphabet) for ids, (text, _) in zip(ids_of, pairs, strict=True)]
            found[name] = sum(whole) / len(whole)
    return found


def _adds_up(ids: Sequence[int], gaps: Sequence[int], alphabet: Alphabet) -> bool:
    piece = alphabet.piece(ids, "", None)
    assert isinstance(piece, Tune)
    notes = map(note_of, alphabet.tokens(ids[gap] for gap in gaps))
    return sum(note.beats for note in notes if note) == beats_of_bar(piece.metre)


def _shown(text: Gapped, filled: Filled, alphabet: Alphabet) -> dict[str, Any]:
    """A bar with the bars before and behind it, as it was and as it is filled."""
    spans = spans_of(alphabet.tokens(text.ids))
    here = spans.index((text.gaps[0], text.gaps[-1] + 1))
    head = text.ids[: spans[0][0]]  # key and metre

    def written(ids: Sequence[int], spans: Sequence[Span]) -> str:
        notes = [i for start, stop in spans for i in ids[start:stop]]
        return " ".join(bars(alphabet.piece([*head, *notes], "", None), alphabet.a_frame))

    return {
        "kind": None if text.condition is None else alphabet.kind_of(text.condition),
        "key": alphabet.tokens(head),
        "before": written(text.ids, spans[:here][-1:]),
        "truth": written(text.ids, spans[here : here + 1]),
        "filled": written(filled.ids, spans[here : here + 1]),
        "after": written(text.ids, spans[here + 1 : here + 2]),
    }
