"""What sounds when: what a tune and a row of chords are written from, as MIDI, as sound, and as a piano roll."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from pipeline.tasks.music.data.tunes import Chords, Tune


@dataclass(frozen=True)
class PlayedNote:
    """A note, and when it sounds; in quarter notes from the start."""

    pitch: int
    """Of MIDI: 60 is middle C."""
    start: Fraction
    beats: Fraction

    @property
    def stop(self) -> Fraction:
        """When it ends."""
        return self.start + self.beats


def of_tune(tune: Tune) -> list[PlayedNote]:
    """The notes of a tune, one after another; rests are silence."""
    played, now = [], Fraction(0)
    for note in tune.notes:
        if note.pitch is not None:
            played.append(PlayedNote(note.pitch, now, note.beats))
        now += note.beats
    return played


def of_chords(chords: Chords, beats: Fraction) -> list[PlayedNote]:
    """The notes of chords of equal length; a pitch of several in a row is one long note, for nothing says where it is
    struck again.

    Args:
        beats: of a frame.

    >>> notes = of_chords(Chords("", [(60, 64), (60,), (), (60,)]), Fraction(1))
    >>> [(n.pitch, int(n.start), int(n.beats)) for n in notes]
    [(60, 0, 2), (64, 0, 1), (60, 3, 1)]
    """
    pitches = sorted(set().union(*chords.frames))
    notes = [note for pitch in pitches for note in _held(pitch, [pitch in frame for frame in chords.frames], beats)]
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def _held(pitch: int, sounds: Sequence[bool], beats: Fraction) -> Iterator[PlayedNote]:
    for on, places in groupby(range(len(sounds)), key=sounds.__getitem__):
        if on:
            first, *rest = places
            yield PlayedNote(pitch, first * beats, (1 + len(rest)) * beats)


def length_of(notes: Sequence[PlayedNote]) -> Fraction:
    """When the last one ends."""
    return max((note.stop for note in notes), default=Fraction(0))


def cut(notes: Sequence[PlayedNote], beats: Fraction) -> list[PlayedNote]:
    """What sounds before `beats`."""
    return [PlayedNote(n.pitch, n.start, min(n.beats, beats - n.start)) for n in notes if n.start < beats]
