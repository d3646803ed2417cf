"""Notes as a file of MIDI."""

import io
from collections.abc import Sequence
from fractions import Fraction

import mido

from pipeline.tasks.music.data.keys import sharps_of
from pipeline.tasks.music.data.played import PlayedNote

TICKS = 480
"""Of a quarter note: whole numbers of them for triplets, quintuplets and 128ths' fifteenth parts."""
VELOCITY = 80
MAJOR = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
"""By sharps, from -7."""


def write_midi(notes: Sequence[PlayedNote], tempo: int, key: str | None = None, metre: str | None = None) -> bytes:
    """A file of one track.

    Args:
        tempo: quarter notes a minute.
        key: as ABC writes it; MIDI has major and minor alone, so a mode is the major key with the same signature.
    """
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)), *_signature(key, metre)])
    now = 0
    for tick, message in sorted(_messages(notes), key=lambda found: found[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    file = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=file)
    return file.getvalue()


def _signature(key: str | None, metre: str | None) -> list[mido.MetaMessage]:
    found = []
    if metre is not None:
        above, below = map(int, metre.split("/"))
        found.append(mido.MetaMessage("time_signature", numerator=above, denominator=below))
    if key is not None:
        found.append(mido.MetaMessage("key_signature", key=_name(key)))
    return found


def _name(key: str) -> str:
    """
    >>> _name("Em"), _name("Ador"), _name("D")
    ('Em', 'G', 'D')
    """
    return key if key.endswith("m") else MAJOR[sharps_of(key) + 7]


def _messages(notes: Sequence[PlayedNote]) -> list[tuple[int, mido.Message]]:
    """Each with its tick: ends first, so that a note can be struck again at once."""
    offs = [(_tick(n.stop), mido.Message("note_off", note=n.pitch, velocity=0)) for n in notes]
    ons = [(_tick(n.start), mido.Message("note_on", note=n.pitch, velocity=VELOCITY)) for n in notes]
    return offs + ons


def _tick(beats: Fraction) -> int:
    """Places are rounded, not lengths, so that no error adds up."""
    return round(beats * TICKS)
