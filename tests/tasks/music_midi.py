"""MIDI as mido reads it."""

import io
from fractions import Fraction

import mido

from pipeline.tasks.music.data.played import PlayedNote
from pipeline.tasks.music.data.write_midi import TICKS


def midi_notes(content: bytes) -> list[PlayedNote]:
    """What a file of MIDI says, by mido's own messages."""
    (track,) = mido.MidiFile(file=io.BytesIO(content)).tracks
    now, begun, found = 0, {}, []
    for message in track:
        now += message.time
        if message.type == "note_on":
            assert message.note not in begun, "struck while it sounds"
            begun[message.note] = now
        elif message.type == "note_off":
            start = begun.pop(message.note)
            found.append(PlayedNote(message.note, Fraction(start, TICKS), Fraction(now - start, TICKS)))
    assert not begun
    return sorted(found, key=lambda played: (played.start, played.pitch))
