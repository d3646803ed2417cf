"""Tunes and chords from MIDI, JSON and .mat, splits by names, and what is wrong in a file."""

import json
from itertools import pairwise

import mido
import numpy as np
import pytest
from scipy.io import savemat

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data import SOURCE
from pipeline.tasks.music.data.midi import Sound, chords_of_midi, highest, in_bars, likely_key, tune_of_midi
from pipeline.tasks.music.data.rolls import chords_of_rolls
from pipeline.tasks.music.data.splits import pieces_of_splits
from pipeline.tasks.music.data.tunes import Tune

from .music_params import GIVEN, ROLLS, midi, params


def test_midi_is_read_as_its_highest_notes_in_bars(tmp_path):
    head = (mido.MetaMessage("key_signature", key="Em"), mido.MetaMessage("time_signature", numerator=3, denominator=4))
    notes = [(0, 96, 64), (0, 96, 52), (100, 290, 67), (290, 480, 71)]
    read = tune_of_midi(midi(tmp_path / "air.mid", notes, *head), steps_per_beat=4, kind="air")
    assert (read.title, read.kind, read.key, read.metre) == ("air", "air", "Em", "3/4")
    first, second = read.bars
    assert [(note.pitch, note.beats) for note in first] == [(64, 1), (67, 2)]
    assert [(note.pitch, note.beats) for note in second] == [(71, 2)]


def test_midi_is_read_as_all_notes_of_each_step(tmp_path):
    notes = [(96, 192, 60), (96, 288, 64), (192, 193, 55)]
    assert chords_of_midi(midi(tmp_path / "a.mid", notes), 1).frames == [(60, 64), (55, 64)]


def test_the_highest_voice_leaves_no_two_notes_at_once():
    rng = np.random.default_rng(2)
    sounds = [Sound(int(s), int(s + n), int(p)) for s, n, p in rng.integers([0, 1, 40], [50, 9, 90], (80, 3))]
    voice = highest(sounds)
    assert all(before.end <= after.start for before, after in pairwise(voice))
    assert all(sound.start < sound.end for sound in voice)
    for bar in in_bars(voice, "3/4", 4)[:-1]:
        assert sum(note.beats for note in bar) == 3


def test_a_file_without_a_key_has_that_of_its_notes():
    scale = [57, 59, 60, 62, 64, 65, 67, 69]
    assert likely_key([Sound(i, i + 1, pitch) for i, pitch in enumerate(scale)]) == "Am"
    assert likely_key([Sound(i, i + 1, pitch + 3) for i, pitch in enumerate([*scale, 60])]) == "Eb"


def test_rolls_of_json_and_mat_are_the_same(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(ROLLS))
    matrices = {}
    for name, pieces in ROLLS.items():
        matrices[f"{name}data"] = np.empty((1, len(pieces)), object)
        for i, frames in enumerate(pieces):
            roll = np.zeros((len(frames), 88))
            for step, frame in enumerate(frames):
                roll[step, [note - 21 for note in frame] or np.zeros(0, int)] = 1
            matrices[f"{name}data"][0, i] = roll
    savemat(tmp_path / "a.mat", matrices)
    of_json, of_mat = (
        {name: [piece.frames for piece in pieces] for name, pieces in chords_of_rolls(tmp_path / file).items()}
        for file in ("a.json", "a.mat")
    )
    assert of_json == of_mat
    assert of_json["validation"] == [[(60,), (60, 64)]]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{", "a.json: piano rolls: JSON with train, valid and test"),
        ("a.json", b'{"train": []}', "a.json: piano rolls: JSON with train, valid and test"),
        ("a.json", b'{"train": [[[60]]], "valid": [7], "test": []}', "a.json: validation"),
        ("a.json", b'{"train": [[[60, 128]]], "valid": [], "test": []}', "a.json: train, piece 1: a frame is MIDI"),
        ("a.mat", b"no matrix", "a.mat: piano rolls"),
        ("a.mid", b"MThd", "a.mid: a MIDI file that can be read"),
        ("a.mid", b"", "a.mid: a MIDI file that can be read"),
        ("a.wav", b"", "a.wav: a file of chords (.mid, .midi, .json, .mat)"),
    ],
)
def test_a_wrong_file_of_chords_is_one_sentence(tmp_path, monkeypatch, name, content, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError) as error:
        SOURCE.read(params(path=name, format="chords"))
    assert str(error.value).startswith(said.replace("validation", "valid"))
    assert "\n" not in str(error.value)


def test_midi_without_notes_is_one_sentence(tmp_path):
    midi(tmp_path / "a.mid", [])
    for format in ("tunes", "chords"):
        with pytest.raises(CorpusError, match=r"a\.mid: a MIDI file with notes \(got none\); remove it"):
            SOURCE.read(params(path=str(tmp_path), format=format))


def test_splits_of_files_are_those_of_their_names(tmp_path):
    for name, pitch in (("train", 60), ("validation", 62), ("test", 64)):
        (tmp_path / name / "reel").mkdir(parents=True)
        midi(tmp_path / name / "reel" / "a.mid", [(0, 96, pitch)])
        midi(tmp_path / f"{name}.mid", [(0, 96, pitch + 1)])
    found, counts = pieces_of_splits(params(path=str(tmp_path), split=GIVEN))
    assert counts["read"] == 6
    assert {
        name: [(t.kind, t.notes[0].pitch) for t in of if isinstance(t, Tune)] for name, of in found.items()
    } == {
        "train": [("reel", 60), ("", 61)], "validation": [("reel", 62), ("", 63)], "test": [("reel", 64), ("", 65)]
    }  # fmt: skip
    midi(tmp_path / "more.mid", [(0, 96, 60)])
    with pytest.raises(CorpusError, match=r"more\.mid: split\.method given needs"):
        SOURCE.read(params(path=str(tmp_path), split=GIVEN))
