"""Music as MIDI, ABC and sound: read back by others' programs, and against closed forms."""

import io
import wave
from fractions import Fraction
from random import Random

import mido
import numpy as np
import pytest

from pipeline.tasks.music.data.encoding import tokens_of, tune_of
from pipeline.tasks.music.data.keys import scale_of
from pipeline.tasks.music.data.played import PlayedNote, cut, length_of, of_chords, of_tune
from pipeline.tasks.music.data.synthesis import RATE, samples_of, write_wav
from pipeline.tasks.music.data.tunes import Chords, Note, Tune
from pipeline.tasks.music.data.write_abc import write_abc, write_abc_chords
from pipeline.tasks.music.data.write_midi import TICKS, write_midi

from .music_midi import midi_notes

KEYS = ("C", "D", "Bb", "F#m", "Ador", "Gmix", "Ebm", "C#", "Bbphr", "Flyd")
BEATS = [Fraction(text) for text in ("1/2", "1", "1/4", "3/4", "3/2", "1/3", "2/3", "1/6", "1/5", "1/8")]


def note(pitch: int | None, beats: str) -> Note:
    return Note(pitch, Fraction(beats))


def drawn_tune(seed: int) -> Tune:
    """Any pitches and lengths, in and out of key, with rests."""
    random = Random(seed)
    pitches = [None, *range(48, 97)]
    bars = [[Note(random.choice(pitches), random.choice(BEATS)) for _ in range(3)] for _ in range(14)]
    return Tune("Drawn", "reel", KEYS[seed % len(KEYS)], random.choice(["4/4", "6/8", "3/4"]), bars)


def rate_and_frames(content: bytes) -> tuple[int, np.ndarray]:
    with wave.open(io.BytesIO(content)) as read:
        assert (read.getnchannels(), read.getsampwidth()) == (1, 2)
        return read.getframerate(), np.frombuffer(read.readframes(read.getnframes()), "<i2")


def test_midi_has_the_notes_with_their_lengths():
    tune = Tune("", "", "D", "6/8", [[note(62, "1/2"), note(62, "1/2"), note(None, "1")], [note(74, "1/3")]])
    notes = of_tune(tune)
    assert [(n.pitch, n.start, n.beats) for n in notes] == [
        (62, 0, Fraction(1, 2)),
        (62, Fraction(1, 2), Fraction(1, 2)),
        (74, 2, Fraction(1, 3)),
    ]
    assert midi_notes(write_midi(notes, 120)) == notes


@pytest.mark.parametrize("seed", range(4))
def test_midi_of_any_tune_has_its_notes_at_the_nearest_tick(seed):
    notes = of_tune(drawn_tune(seed))
    read = midi_notes(write_midi(notes, 100))
    assert [n.pitch for n in read] == [n.pitch for n in notes]
    assert max(abs(a.start - b.start) for a, b in zip(read, notes, strict=True)) <= Fraction(1, 2 * TICKS)
    assert max(abs(a.stop - b.stop) for a, b in zip(read, notes, strict=True)) <= Fraction(1, 2 * TICKS)


@pytest.mark.parametrize(("key", "written"), [("Em", "Em"), ("Bb", "Bb"), ("Ador", "G"), ("Gmix", "C"), ("F#m", "F#m")])
def test_midi_has_tempo_metre_and_the_signature_of_the_key(key, written):
    (track,) = mido.MidiFile(file=io.BytesIO(write_midi([], 90, key, "6/8"))).tracks
    about = {message.type: message for message in track}
    assert mido.tempo2bpm(about["set_tempo"].tempo) == pytest.approx(90)
    assert (about["time_signature"].numerator, about["time_signature"].denominator) == (6, 8)
    assert about["key_signature"].key == written


def test_chords_sound_together_and_a_pitch_of_two_frames_is_held():
    notes = of_chords(Chords("", [(48, 64), (48, 67), (), (48,)]), Fraction(1, 2))
    assert midi_notes(write_midi(notes, 60)) == notes
    assert [(n.pitch, n.start, n.beats) for n in notes] == [
        (48, 0, 1), (64, 0, Fraction(1, 2)), (67, Fraction(1, 2), Fraction(1, 2)), (48, Fraction(3, 2), Fraction(1, 2)),
    ]  # fmt: skip


def test_a_cut_ends_notes_where_it_is():
    notes = [PlayedNote(60, Fraction(0), Fraction(2)), PlayedNote(62, Fraction(2), Fraction(1))]
    assert cut(notes, Fraction(1)) == [PlayedNote(60, Fraction(0), Fraction(1))]
    assert length_of(cut(notes, Fraction(5))) == 3


def test_sound_is_as_long_as_the_notes_and_has_equal_bytes():
    notes = [PlayedNote(69, Fraction(0), Fraction(1)), PlayedNote(73, Fraction(1, 2), Fraction(5, 2))]
    wav = write_wav(notes, 120)
    rate, frames = rate_and_frames(wav)
    assert (rate, len(frames)) == (RATE, RATE * 3 // 2)  # three beats at 120 a minute
    assert np.abs(frames.astype(int)).max() == round(0.8 * 32767)
    assert write_wav(notes, 120) == wav


@pytest.mark.parametrize("pitch", [55, 69, 88, 100])
def test_a_tone_has_its_frequency(pitch):
    sound = samples_of([PlayedNote(pitch, Fraction(0), Fraction(2))], 60)
    loudest = np.abs(np.fft.rfft(sound)).argmax() * RATE / len(sound)
    assert loudest == pytest.approx(440 * 2 ** ((pitch - 69) / 12), abs=1)


def test_a_note_struck_twice_is_heard_twice():
    twice = [PlayedNote(69, Fraction(i), Fraction(1)) for i in range(2)]
    sound = np.abs(samples_of(twice, 60))
    before, at, after = (sound[RATE + start : RATE + stop].max() for start, stop in ((-600, -300), (-15, 3), (50, 250)))
    assert at < 0.8 * before
    assert after > 3 * before


def test_a_chord_is_the_sum_of_its_notes():
    low, high = (PlayedNote(pitch, Fraction(0), Fraction(1)) for pitch in (60, 67))
    assert np.allclose(samples_of([low, high], 60), samples_of([low], 60) + samples_of([high], 60))


def test_silence_is_a_sound():
    assert rate_and_frames(write_wav([], 60))[1].tolist() == []


def test_abc_marks_triplets_and_what_the_key_does_not_have():
    bars = [[note(66, "1/2"), note(65, "1/2"), note(66, "1")], [note(73, "1/3"), note(None, "1/3"), note(86, "1/3")]]
    assert write_abc(Tune("A tune", "jig", "D", "6/8", bars)) == (
        "X:1\nT:A tune\nR:jig\nM:6/8\nL:1/8\nK:D\nF =F ^F2 | (3:2:3c z d' |]\n"
    )


def rests_joined(notes: list[tuple[int | None, Fraction]]) -> list[tuple[int | None, Fraction]]:
    """A rest behind a rest makes it longer: at the end of a bar, music21 cuts rests in two."""
    joined: list[tuple[int | None, Fraction]] = []
    for pitch, beats in notes:
        if pitch is None and joined and joined[-1][0] is None:
            joined[-1] = (None, joined[-1][1] + beats)
        else:
            joined.append((pitch, beats))
    return joined


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_music21_reads_the_abc_with_the_same_pitches_and_lengths(seed):
    from music21 import converter  # takes a second
    from music21 import note as m21

    tune = drawn_tune(seed)
    read = converter.parse(write_abc(tune), format="abc").stripTies().recurse()  # it ties what is longer than a bar
    found = [(n.pitch.midi if isinstance(n, m21.Note) else None, Fraction(n.quarterLength)) for n in read.notesAndRests]
    assert rests_joined(found) == rests_joined([(n.pitch, n.beats) for n in tune.notes])
    (signature,) = converter.parse(write_abc(tune), format="abc").recurse().getElementsByClass("KeySignature")
    assert {pitch.pitchClass for pitch in signature.getScale("major").getPitches()} == scale_of(tune.key)


@pytest.mark.slow
def test_music21_reads_the_chords():
    from music21 import converter

    random = Random(1)
    chords = Chords("", [tuple(sorted(random.sample(range(40, 80), random.randrange(5)))) for _ in range(40)])
    found = []
    for sounding in converter.parse(write_abc_chords(chords, Fraction(1, 4)), format="abc").recurse().notesAndRests:
        pitches = () if sounding.isRest else tuple(sorted(p.midi for p in sounding.pitches))
        found += [pitches] * int(sounding.quarterLength * 4)
    assert found == list(chords.frames)


def test_tokens_and_the_tune_say_the_same():
    tune = drawn_tune(3)
    assert tune_of(tokens_of(tune), tune.title, tune.kind).bars == tune.bars
