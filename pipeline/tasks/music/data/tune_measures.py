"""What can be said of a tune without a model: whether its bars add up and its notes are those of its key."""

from collections.abc import Hashable, Sequence
from itertools import groupby
from statistics import fmean

from pipeline.tasks.music.data.keys import scale_of
from pipeline.tasks.music.data.tunes import Chords, Piece, Tune, beats_of_bar


def measures_of(pieces: Sequence[Piece]) -> dict[str, float | None]:
    """Of all pieces together.

    `bars`: share of bars whose notes add up to the metre; `in_key`: share of notes that the key's signature has;
    `notes`: notes of a tune, or frames of chords; `distinct`: different pitches of a piece; `repeated`: the most equal
    notes, or frames, in a row of any piece. None is what chords do not have.
    """
    tunes = [piece for piece in pieces if isinstance(piece, Tune)]
    return {
        "bars": _share([bar for tune in tunes for bar in whole_bars(tune)]),
        "in_key": _share([note for tune in tunes for note in notes_in_key(tune)]),
        "notes": fmean(len(sounds_of(piece)) for piece in pieces),
        "distinct": fmean(len(pitches_of(piece)) for piece in pieces),
        "repeated": float(max(longest_repeat(sounds_of(piece)) for piece in pieces)),
    }


def _share(rights: Sequence[bool]) -> float | None:
    return sum(rights) / len(rights) if rights else None


def whole_bars(tune: Tune) -> list[bool]:
    """Of each bar, whether its notes add up to the metre. A pick-up and the bar that ends before it do not."""
    return [sum(note.beats for note in bar) == beats_of_bar(tune.metre) for bar in tune.bars]


def notes_in_key(tune: Tune) -> list[bool]:
    """Of each note, whether the key's signature has it: the raised seventh of a minor key is not in it."""
    scale = scale_of(tune.key)
    return [note.pitch % 12 in scale for note in tune.notes if note.pitch is not None]


def sounds_of(piece: Piece) -> Sequence[Hashable]:
    """Pitches one after another, or frames."""
    return piece.frames if isinstance(piece, Chords) else [n.pitch for n in piece.notes if n.pitch is not None]


def pitches_of(piece: Piece) -> set[int]:
    """All that sound."""
    frames = piece.frames if isinstance(piece, Chords) else [(n.pitch,) for n in piece.notes if n.pitch is not None]
    return {pitch for frame in frames for pitch in frame}


def longest_repeat(sounds: Sequence[Hashable]) -> int:
    """The most equal ones in a row.

    >>> longest_repeat([60, 62, 62, 62, 60]), longest_repeat([])
    (3, 0)
    """
    return max((len(list(run)) for _, run in groupby(sounds)), default=0)
