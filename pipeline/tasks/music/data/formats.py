"""Tunes and chords in every format that they can be written in."""

from collections.abc import Sequence
from fractions import Fraction

from pipeline.tasks.music.data.played import PlayedNote, of_chords, of_tune
from pipeline.tasks.music.data.synthesis import write_wav
from pipeline.tasks.music.data.tunes import Piece, Tune, beats_of_bar
from pipeline.tasks.music.data.write_abc import bars_of, frames_of, write_abc, write_abc_chords
from pipeline.tasks.music.data.write_midi import write_midi

SUFFIXES = (".mid", ".abc", ".wav")
BARS_A_MINUTE = 45
"""Of dances, whether they are written in eighths (2/2, 6/8) or in sixteenths (2/4)."""
CHORDS_TEMPO = 80
"""Quarter notes a minute, of chorales."""


def played(piece: Piece, a_frame: Fraction) -> list[PlayedNote]:
    """What sounds when.

    Args:
        a_frame: the length of a frame of chords, in quarter notes.
    """
    return of_tune(piece) if isinstance(piece, Tune) else of_chords(piece, a_frame)


def tempo_of(piece: Piece) -> int:
    """Quarter notes a minute.

    >>> [tempo_of(Tune("", "", "D", metre, [])) for metre in ("2/2", "6/8", "2/4")]
    [180, 135, 90]
    """
    return round(BARS_A_MINUTE * beats_of_bar(piece.metre)) if isinstance(piece, Tune) else CHORDS_TEMPO


def written(piece: Piece, suffix: str, a_frame: Fraction) -> bytes:
    """A file of the piece."""
    match suffix:
        case ".abc":
            return abc(piece, a_frame).encode()
        case ".mid":
            about = (piece.key, piece.metre) if isinstance(piece, Tune) else ()
            return write_midi(played(piece, a_frame), tempo_of(piece), *about)
        case ".wav":
            return write_wav(played(piece, a_frame), tempo_of(piece))
    raise AssertionError(f"no format for {suffix}")


def abc(piece: Piece, a_frame: Fraction) -> str:
    """The piece as text."""
    return write_abc(piece) if isinstance(piece, Tune) else write_abc_chords(piece, a_frame)


def bars(piece: Piece, a_frame: Fraction) -> list[str]:
    """The same without a head: bars, or frames."""
    return bars_of(piece) if isinstance(piece, Tune) else frames_of(piece, a_frame)


def pieces_written(pieces: Sequence[tuple[str, Piece]], a_frame: Fraction) -> dict[str, bytes]:
    """All formats of each piece, by the names of their files."""
    return {f"{name}{suffix}": written(piece, suffix, a_frame) for name, piece in pieces for suffix in SUFFIXES}
