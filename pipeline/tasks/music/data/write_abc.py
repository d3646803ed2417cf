"""Tunes as text in ABC notation (version 2.1)."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby

from pipeline.tasks.music.data.keys import LETTERS, sharps_of, signature_of
from pipeline.tasks.music.data.tunes import Chords, Note, Tune

UNIT = Fraction(1, 2)
"""Of `L:1/8`, in quarter notes."""
BARS_A_LINE = 4
ACCIDENTALS: Mapping[int, str] = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def write_abc(tune: Tune) -> str:
    """The tune with its head, ready for any program that reads ABC."""
    bars = bars_of(tune)
    lines = [" | ".join(bars[i : i + BARS_A_LINE]) for i in range(0, len(bars), BARS_A_LINE)]
    return "\n".join([*_head(tune), *(f"{line} |" for line in lines[:-1]), *(f"{line} |]" for line in lines[-1:]), ""])


def bars_of(tune: Tune) -> list[str]:
    """The notes of each bar."""
    return [_bar(bar, tune.key) for bar in tune.bars]


def _head(tune: Tune) -> Iterator[str]:
    yield from ("X:1", f"T:{tune.title}")
    if tune.kind:
        yield f"R:{tune.kind}"
    yield from (f"M:{tune.metre}", "L:1/8", f"K:{tune.key}")


def write_abc_chords(chords: Chords, beats: Fraction) -> str:
    """Chords of equal length in brackets; equal ones in a row are one.

    Args:
        beats: of a frame, in quarter notes.
    """
    written = frames_of(chords, beats)
    lines = [" ".join(written[i : i + 8]) for i in range(0, len(written), 8)]
    return "\n".join(["X:1", f"T:{chords.title}", "M:none", "L:1/8", "K:C", *lines, ""])


def frames_of(chords: Chords, beats: Fraction) -> list[str]:
    """The chords, equal ones in a row as one."""
    runs = [(frame, len(list(run))) for frame, run in groupby(chords.frames)]
    return [f"{_chord(frame)}{_length(n * beats)}" for frame, n in runs]


def _chord(pitches: Sequence[int]) -> str:
    """Every note with its accidental, for a bar has no end here."""
    if not pitches:
        return "z"
    spelled = [spell(pitch, "C") for pitch in pitches]
    return "[" + "".join(f"{ACCIDENTALS[by]}{written}" for _, by, written in spelled) + "]"


def _bar(notes: Sequence[Note], key: str) -> str:
    """Its notes, with `(3` before triplets and accidentals where the key has others."""
    changed: dict[str, int] = {}
    written = []
    for odd, group in groupby(notes, key=lambda note: _odd_part(note.beats.denominator)):
        run = list(group)
        times = Fraction(odd, 1 << (odd.bit_length() - 1)) if odd > 1 else Fraction(1)  # 3 in the time of 2, 5 of 4
        mark = f"({odd}:{odd // times}:{len(run)}" if odd > 1 else ""
        notes_of_run = [f"{_note(note.pitch, key, changed)}{_length(note.beats * times)}" for note in run]
        written.append(mark + " ".join(notes_of_run))
    return " ".join(written)


def _odd_part(number: int) -> int:
    return number // (number & -number)


def _note(pitch: int | None, key: str, changed: dict[str, int]) -> str:
    """A pitch; an accidental holds to the end of the bar, and is written again for all octaves of its letter."""
    if pitch is None:
        return "z"
    letter, by, written = spell(pitch, key)
    if by == signature_of(key).get(letter, 0) and letter not in changed:
        return written
    changed[letter] = by
    return f"{ACCIDENTALS[by]}{written}"


def spell(pitch: int, key: str) -> tuple[str, int, str]:
    """The letter of a pitch, by how many semitones it is raised, and the letter with its octave.

    A pitch of the key is spelled as its signature does; another one as a natural, else with what the signature has.

    >>> spell(66, "D"), spell(65, "D"), spell(70, "F"), spell(73, "F")
    (('F', 1, 'F'), ('F', 0, 'F'), ('B', -1, 'B'), ('D', -1, 'd'))
    """
    natural, usual = dict.fromkeys(LETTERS, 0), dict.fromkeys(LETTERS, 1 if sharps_of(key) >= 0 else -1)
    tried = [*(natural | signature_of(key)).items(), *natural.items(), *usual.items()]
    letter, by = next((letter, by) for letter, by in tried if (LETTERS[letter] + by - pitch) % 12 == 0)
    octave = (pitch - by) // 12 - 5  # of middle C: 0
    name = letter.lower() if octave > 0 else letter
    return letter, by, name + "'" * (octave - 1) + "," * -octave


def _length(beats: Fraction) -> str:
    """
    >>> [_length(Fraction(n)) for n in ("1/2", "1", "1/4", "3/4")]
    ['', '2', '/2', '3/2']
    """
    units = beats / UNIT
    above = "" if units.numerator == 1 else str(units.numerator)
    return above if units.denominator == 1 else f"{above}/{units.denominator}"
