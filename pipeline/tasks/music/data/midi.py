"""Tunes and chords from MIDI files (mido). Notes begin and end at the nearest place of a grid; drums are left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.keys import KEY, TONICS, scale_of
from pipeline.tasks.music.data.tunes import LOWEST, NUM_KEYS, Chords, Note, Tune, beats_of_bar

DRUMS = 9
"""Their channel, counted from 0."""


@dataclass(frozen=True, order=True)
class Sound:
    """A note in time, in steps."""

    start: int
    end: int
    pitch: int


def tune_of_midi(file: Path, steps_per_beat: int, kind: str) -> Tune:
    """The highest notes, in bars. A note over a bar line is struck again.

    Key and metre are those of the file; without any, 4/4 and the key that most notes belong to.

    Raises:
        CorpusError: where it is no MIDI file, or has no notes.
    """
    midi = _read(file)
    melody = highest(_sounds(midi, steps_per_beat, file))
    named = _first(midi, "key_signature")
    key = named.key if named is not None and KEY.fullmatch(named.key) else likely_key(melody)
    time = _first(midi, "time_signature")
    metre = "4/4" if time is None else f"{time.numerator}/{time.denominator}"
    return Tune(file.stem, kind, key, metre, in_bars(melody, metre, steps_per_beat), str(file))


def chords_of_midi(file: Path, steps_per_beat: int) -> Chords:
    """All notes that sound at each step.

    Raises:
        CorpusError: where it is no MIDI file, or has no notes.
    """
    sounds = _sounds(_read(file), steps_per_beat, file)
    frames: list[set[int]] = [set() for _ in range(max(sound.end for sound in sounds))]
    for sound in sounds:
        for step in range(sound.start, sound.end):
            frames[step].add(sound.pitch)
    if beyond := [sound.pitch for sound in sounds if not LOWEST <= sound.pitch < LOWEST + NUM_KEYS]:
        raise CorpusError(str(file), "notes that a piano has", f"MIDI number {beyond[0]}", "remove them, or the file")
    first = min(sound.start for sound in sounds)
    return Chords(file.stem, [tuple(sorted(frame)) for frame in frames[first:]], str(file))


def _read(file: Path) -> mido.MidiFile:
    try:
        return mido.MidiFile(str(file))
    except (OSError, EOFError, ValueError, IndexError, KeyError, mido.KeySignatureError) as error:
        got = " ".join(f"{type(error).__name__} {error}".split())
        raise CorpusError(str(file), "a MIDI file that can be read", got, "correct it, or remove it") from None


def _sounds(midi: mido.MidiFile, steps_per_beat: int, file: Path) -> list[Sound]:
    """All notes of all tracks by their starts, each of a step or more."""
    sounds: list[Sound] = []
    scale = Fraction(steps_per_beat, midi.ticks_per_beat)
    for track in midi.tracks:
        now, began = 0, dict[tuple[int, int], int]()
        for message in track:
            now += message.time
            if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
                continue
            voice = (message.channel, message.note)
            if voice in began:
                start = round(began.pop(voice) * scale)
                sounds.append(Sound(start, max(round(now * scale), start + 1), message.note))
            if message.type == "note_on" and message.velocity:
                began[voice] = now
    if not sounds:
        raise CorpusError(str(file), "a MIDI file with notes", "none", "remove it")
    return sorted(sounds)


def _first(midi: mido.MidiFile, kind: str) -> Any:
    """The first message of a kind, whose attributes mido makes as it reads; None where there is none."""
    return next((message for track in midi.tracks for message in track if message.type == kind), None)


def highest(sounds: Sequence[Sound]) -> list[Sound]:
    """One voice: the highest of the notes that begin together; one that begins below another is left out.

    >>> highest([Sound(0, 4, 60), Sound(0, 4, 67), Sound(2, 4, 64), Sound(3, 5, 72)])
    [Sound(start=0, end=3, pitch=67), Sound(start=3, end=5, pitch=72)]
    """
    voice: list[Sound] = []
    for sound in sorted(sounds, key=lambda sound: (sound.start, -sound.pitch)):
        before = voice[-1] if voice else None
        if before is not None and before.end > sound.start:
            if before.start == sound.start or before.pitch > sound.pitch:
                continue
            voice[-1] = Sound(before.start, sound.start, before.pitch)
        voice.append(sound)
    return voice


def in_bars(melody: Sequence[Sound], metre: str, steps_per_beat: int) -> list[list[Note]]:
    """The notes and the rests between them, cut at bar lines; the melody begins with its first note's bar.

    >>> [len(bar) for bar in in_bars([Sound(1, 3, 60), Sound(3, 6, 62)], "2/4", 2)]
    [3, 1]
    """
    size = beats_of_bar(metre) * steps_per_beat
    bars: list[list[Note]] = [[]]
    now = int(melody[0].start // size * size)
    end = now + size
    spans = []
    for sound in melody:
        spans += [(now, sound.start, None), (sound.start, sound.end, sound.pitch)]
        now = sound.end
    for start, stop, pitch in spans:
        while start < stop:
            if start >= end:
                bars.append([])
                end += size
            cut = min(stop, end)
            bars[-1].append(Note(pitch, Fraction(cut - start) / steps_per_beat))
            start = cut
    return bars


def likely_key(melody: Sequence[Sound]) -> str:
    """The major or minor key whose scale has most of the notes; of equal ones that of the last note, major first.

    >>> likely_key([Sound(0, 1, 62), Sound(1, 2, 66), Sound(2, 3, 73), Sound(3, 4, 67), Sound(4, 5, 62)])
    'D'
    """
    names = [
        tonic + mode
        for mode in ("", "m")
        for tonic in TONICS
        if len(tonic) == 1 or tonic in ("Bb", "Eb", "Ab", "Db", "F#")
    ]
    last = melody[-1].pitch % 12

    def fit(key: str) -> tuple[int, bool]:
        inside = sum(sound.end - sound.start for sound in melody if sound.pitch % 12 in scale_of(key))
        return inside, TONICS[key.removesuffix("m")] == last

    return max(names, key=fit)
