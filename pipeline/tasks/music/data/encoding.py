"""Tunes and chords as tokens, and back.

A tune is its key, its metre, and its bars: `K:D M:6/8 69:1/2 71:1/2 r:1 | 74:3 |`. A note is its MIDI number, or r
for a rest, and its length in quarter notes. A piece of chords is its frames, each from its highest note down, closed by
`|`: `72 67 64 48 | 72 67 64 48 |`. So the probability of a chord is the product of those of its notes and of its end.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from pipeline.tasks.music.data.keys import KEY
from pipeline.tasks.music.data.tunes import Chords, Frame, Note, Tune

END = "|"
"""Ends a bar of a tune, and a frame of chords."""
NOTE = re.compile(r"(r|\d+):(\d+(?:/[1-9]\d*)?)")
METRE = re.compile(r"[1-9]\d*/[1-9]\d*")


def note_token(note: Note) -> str:
    """
    >>> note_token(Note(69, Fraction(1, 2))), note_token(Note(None, Fraction(3)))
    ('69:1/2', 'r:3')
    """
    return f"{'r' if note.pitch is None else note.pitch}:{note.beats}"


def note_of(token: str) -> Note | None:
    """The note of a token; None of any other token."""
    found = NOTE.fullmatch(token)
    if found is None:
        return None
    pitch, beats = found.groups()
    return Note(None if pitch == "r" else int(pitch), Fraction(beats))


def tokens_of(tune: Tune) -> list[str]:
    """Key, metre, and the notes of each bar; EOS is left to the vocabulary.

    >>> tokens_of(Tune("A tune", "jig", "D", "6/8", [[Note(62, Fraction(3))], [Note(74, Fraction(1, 2))]]))
    ['K:D', 'M:6/8', '62:3', '|', '74:1/2', '|']
    """
    notes = [token for bar in tune.bars for token in (*map(note_token, bar), END)]
    return [f"K:{tune.key}", f"M:{tune.metre}", *notes]


def tune_of(tokens: Iterable[str], title: str, kind: str, key: str = "C", metre: str = "4/4") -> Tune:
    """The tune that tokens say. A network may write any: what says nothing here, a second key and UNK, is left out.

    Args:
        key, metre: where the tokens have none.

    >>> tune_of(["M:3/4", "60:1", "<unk>", "|", "|", "r:1"], "", "").bars
    [[Note(pitch=60, beats=Fraction(1, 1))], [Note(pitch=None, beats=Fraction(1, 1))]]
    """
    tokens = list(tokens)
    keys = [token[2:] for token in tokens if token.startswith("K:") and KEY.fullmatch(token[2:])]
    metres = [token[2:] for token in tokens if token.startswith("M:") and METRE.fullmatch(token[2:])]
    return Tune(title, kind, (keys or [key])[0], (metres or [metre])[0], _bars(tokens))


def _bars(tokens: Sequence[str]) -> list[list[Note]]:
    """Those with a note or a rest; the last may have no end."""
    bars: list[list[Note]] = [[]]
    for token in tokens:
        if token == END:
            bars.append([])
        elif (note := note_of(token)) is not None and note.beats:
            bars[-1].append(note)
    return [bar for bar in bars if bar]


def tokens_of_chords(chords: Chords) -> list[str]:
    """The notes of each frame from the highest down, and its end.

    >>> tokens_of_chords(Chords("", [(48, 64, 67), ()]))
    ['67', '64', '48', '|', '|']
    """
    return [token for frame in chords.frames for token in (*map(str, reversed(frame)), END)]


def chords_of(tokens: Iterable[str], title: str = "") -> Chords:
    """The frames that tokens say; notes behind the last end are a frame, too.

    >>> chords_of(["67", "48", "|", "|", "50"]).frames
    [(48, 67), (), (50,)]
    """
    frames: list[Frame] = []
    notes: set[int] = set()
    for token in tokens:
        if token == END:
            frames.append(tuple(sorted(notes)))
            notes = set()
        elif token.isdecimal():
            notes.add(int(token))
    return Chords(title, [*frames, tuple(sorted(notes))] if notes else frames)
