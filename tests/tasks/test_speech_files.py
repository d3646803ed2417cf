"""Speech: recordings from files, their splits, and what is said where they are wrong."""

import io
import sys
import tarfile
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from speech_params import speech_params

from pipeline.base.errors import PipelineError
from pipeline.tasks.speech.data import SOURCE
from pipeline.tasks.speech.data.clips import frames_of, read_clip, resampled
from pipeline.tasks.speech.data.waves import sound_of, wav_bytes

RATE = 8000
NAMES = "{text}_{speaker}_{number}"
BY_HASH = {"method": "hash", "validation": 0.3, "test": 0.3, "seed": 1}
BY_SPEAKER = {"method": "speaker", "validation": 0.4, "test": ["cleo"], "seed": 1}


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    return 0.3 * np.random.default_rng(seed).uniform(-1, 1, round(seconds * RATE))


def wav(seconds: float = 0.5, seed: int = 1) -> bytes:
    return wav_bytes(noise(seconds, seed), RATE)


def encoded(samples: np.ndarray, rate: int, kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(("subtype", "bits"), [("PCM_U8", 8), ("PCM_16", 16), ("PCM_24", 24), ("PCM_32", 32)])
def test_wav_of_every_width_is_what_soundfile_reads(subtype, bits):
    stereo = np.stack([noise(0.1, 1), noise(0.1, 2)], 1)
    content = encoded(stereo, 11025, "WAV", subtype)
    samples, rate = sound_of(content, ".wav", "a.wav")
    assert rate == 11025
    np.testing.assert_allclose(samples, soundfile.read(io.BytesIO(content))[0].mean(1), atol=1e-9)
    np.testing.assert_allclose(samples, stereo.mean(1), atol=2.0 ** (1 - bits))


@pytest.mark.parametrize(("kind", "subtype", "ending"), [("FLAC", "PCM_16", ".flac"), ("OGG", "VORBIS", ".ogg")])
def test_other_files_are_read_by_soundfile(tmp_path, kind, subtype, ending):
    path = tmp_path / f"a{ending}"
    tone = 0.5 * np.sin(np.arange(RATE) / 5)
    path.write_bytes(encoded(tone, RATE, kind, subtype))
    samples, rate = read_clip(path, "line 1")
    assert rate == RATE
    np.testing.assert_allclose(samples[1000:7000], tone[1000:7000], atol=0.05)


def test_without_soundfile_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(PipelineError, match=r"a.flac: .flac is read by soundfile .* `pip install soundfile`"):
        sound_of(b"", ".flac", "a.flac")


def test_a_tone_stays_itself_at_another_rate():
    tone = np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    found = resampled(tone, 44100, RATE)
    assert len(found) == RATE
    assert np.abs(np.fft.rfft(found)).argmax() == 440
    hidden = np.sin(2 * np.pi * 5000 * np.arange(44100) / 44100)  # above half the new rate: must not come back as 3000
    assert np.abs(resampled(hidden, 44100, RATE)[500:-500]).max() < 0.01


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def named_files(speakers: str = "ann ben cleo") -> dict[str, bytes]:
    names = [f"{text}_{of}_{i}" for text in ("0", "1") for of in speakers.split() for i in range(3)]
    return {f"{name}.wav": wav(0.5, seed) for seed, name in enumerate(names)}


def of_files(path: Path, **changes: Any) -> Any:
    source = {
        "path": str(path),
        "names": NAMES,
        "clips": None,
        "split": BY_SPEAKER,
        "spoken": {"0": "zero", "1": "one"},
    }
    return speech_params(**{**source, **changes})


def test_transcripts_and_speakers_in_names(tmp_path):
    found = SOURCE.read(of_files(write(tmp_path, named_files())))
    assert set(found.splits["test"].notes["speaker"]) == {"cleo"}
    assert {*found.splits["train"].notes["speaker"], *found.splits["validation"].notes["speaker"]} == {"ann", "ben"}
    for split in found.splits.values():
        for name, text in zip(split.notes["clip"], split.notes["text"], strict=True):
            assert text == {"0": "zero", "1": "one"}[Path(name).name[0]]
    assert found.counts == {"recordings": 18, "clipped": 0}


def test_an_archive_is_its_folder(tmp_path):
    files = named_files()
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"recordings/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    packed = SOURCE.read(of_files(tmp_path / "a.tar.gz"))
    loose = SOURCE.read(of_files(write(tmp_path / "b", files)))
    assert packed.splits["test"].notes["text"] == loose.splits["test"].notes["text"]
    np.testing.assert_array_equal(packed.splits["test"].inputs[0], loose.splits["test"].inputs[0])


def test_a_table_says_what_is_said(tmp_path):
    rows = [f'clips/{i}.wav,"Hello, {["one", "two"][i % 2]}!",{"abc"[i % 3]}' for i in range(12)]
    files = {f"clips/{i}.wav": wav(0.8, i) for i in range(12)}
    write(tmp_path, {**files, "table.csv": "\n".join(["file,text,speaker", *rows]).encode()})
    split = {"method": "speaker", "validation": ["b"], "test": ["c"], "seed": 1}
    found = SOURCE.read(of_files(tmp_path, names=None, split=split))
    assert set(found.splits["test"].notes["text"]) == {"hello one", "hello two"}
    assert set(found.splits["validation"].notes["speaker"]) == {"b"}


def test_a_clip_goes_where_its_hash_says(tmp_path):
    found = SOURCE.read(of_files(write(tmp_path, named_files("a b c d")), names="{text}_{who}_{number}", split=BY_HASH))
    assert sum(map(len, found.splits.values())) == 24
    clips = [set(split.notes["clip"]) for split in found.splits.values()]
    assert len(set.union(*clips)) == 24


def test_words_become_strings(tmp_path):
    joined, clips = {"words": [2, 4], "gap_seconds": [0.0, 0.1]}, {"train": 12, "validation": 4, "test": 5}
    perturbed = {"speed": [0.9, 1.1], "formants": [0.9, 1.1], "noise_db": None}
    found = SOURCE.read(of_files(write(tmp_path, named_files()), joined=joined, clips=clips, perturbed=perturbed))
    assert {name: len(split) for name, split in found.splits.items()} == clips
    assert {len(text.split()) for text in found.splits["train"].notes["text"]} == {2, 3, 4}


def test_a_clip_for_prediction_gives_the_steps_of_training(tmp_path):
    write(tmp_path, named_files())
    params = of_files(tmp_path)
    test = SOURCE.read(params).splits["test"]
    steps = frames_of(*read_clip(Path(test.notes["clip"][0]), "line 1"), params)
    np.testing.assert_array_equal(steps, test.inputs[0])


def float_wav() -> bytes:
    return encoded(noise(0.5), RATE, "WAV", "FLOAT")


def with_rate(rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", ""))
        written.writeframes((noise(1.0) * 2**15).astype("<i2").tobytes())
    return file.getvalue()


BAD_FILES = [
    ({"0_ann_9.wav": b""}, r"0_ann_9.wav: a WAV file of PCM \(got an end too early\)"),
    ({"0_ann_9.wav": b"hello" * 20}, r"a WAV file of PCM \(got file does not start with RIFF id\)"),
    ({"0_ann_9.wav": float_wav()}, r"a WAV file of PCM \(got unknown format: 3\); save it as WAV with 8"),
    ({"0_ann_9.wav": wav()[:3000]}, r"as many samples as its header says \(got 2956 of 8000 bytes\)"),
    ({"0_ann_9.wav": wav(0.0)}, r"0.1 seconds of sound or more \(got 0.000\)"),
    ({"0_ann_9.wav": wav(0.09)}, r"0.1 seconds of sound or more \(got 0.090\)"),
    ({"0_ann_9.wav": wav_bytes(np.zeros(4000), RATE)}, r"a sample that can be heard"),
    ({"0_ann_9.wav": with_rate(4000)}, r"8000 samples a second or more.* \(got 4000\); set tasks.speech.rate to 4000"),
    ({"0_ann_9.wav": with_rate(400_000)}, r"at most 192000 samples a second \(got 400000\)"),
    ({"0_ann_9.flac": b"fLaC"}, r"0_ann_9.flac: a file of .flac \(got "),
    ({"zero.wav": wav()}, r"zero.wav: a name like \{text\}_\{speaker\}_\{number\} \(got 'zero'\)"),
    ({"!_ann_9.wav": wav()}, r"a transcript with a word \(got '!'\)"),
    ({"one_hundred_and_twenty_seven_ann_9.wav": wav(0.3)}, r"sound for its transcript, at least 57 steps"),
    ({"quiz_cleo_9.wav": wav()}, r"characters that training transcripts have \(got iqu\)"),
]


@pytest.mark.parametrize(("files", "sentence"), BAD_FILES)
def test_a_bad_file_gets_one_sentence(tmp_path, files, sentence):
    write(tmp_path, {**named_files(), **files})
    with pytest.raises(PipelineError, match=sentence) as error:
        SOURCE.read(of_files(tmp_path))
    assert "\n" not in str(error.value)


def test_several_bad_files_get_a_line_each(tmp_path):
    write(tmp_path, {**named_files(), **{f"0_ann_{i}.wav": b"" for i in range(10, 30)}})
    with pytest.raises(PipelineError) as error:
        SOURCE.read(of_files(tmp_path))
    assert len(str(error.value).splitlines()) == 5


TABLE = b"file,text,speaker\na.wav,one,ann\n"
BAD_FOLDERS = [
    ({"a.txt": b""}, {}, r"files of sound, .wav, .flac, .ogg \(got none\)"),
    ({"a.wav": wav()}, {"names": None}, r"one table of the transcripts .* \(got none\)"),
    (
        {"a.csv": TABLE, "b.tsv": TABLE},
        {"names": None},
        r"one table of the transcripts .* \(got \['a.csv', 'b.tsv'\]\)",
    ),
    ({"a.csv": TABLE}, {"names": None}, r"a.csv: line 2: file names a file of sound .* \(got 'a.wav'\)"),
    ({"a.csv": b"file,text\na.wav,one\n"}, {"names": None}, r"speaker is one of \['file', 'text'\]"),
    (named_files("ann ben"), {}, r"split: speakers of the recordings, \['ann', 'ben'\] \(got \['cleo'\]\)"),
    (named_files("cleo"), {}, r"split: recordings in each split \(got \{'train': 0, 'validation': 0, 'test': 6\}\)"),
]


@pytest.mark.parametrize(("files", "changes", "sentence"), BAD_FOLDERS)
def test_a_bad_folder_gets_one_sentence(tmp_path, files, changes, sentence):
    with pytest.raises(PipelineError, match=sentence) as error:
        SOURCE.read(of_files(write(tmp_path, files), **changes))
    assert "\n" not in str(error.value)


def test_paths_that_are_no_sets(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    for path, changes, sentence in [
        (tmp_path / "none", {}, r"tasks.speech.path: a file or folder that is there"),
        (tmp_path / "a.tar.gz", {}, r"a.tar.gz: a folder, or a .tar.gz of one"),
        (tmp_path / "a.tar.gz", {"names": None}, r"names: an archive has transcripts in its files' names"),
    ]:
        with pytest.raises(PipelineError, match=sentence):
            SOURCE.read(of_files(path, **changes))


def test_lines_of_predict_name_sounds(tmp_path):
    with pytest.raises(PipelineError, match=r"stdin, line 1: each line names a file of sound"):
        read_clip(tmp_path / "a.mp3", "stdin, line 1")


def test_clipped_recordings_are_counted(tmp_path):
    loud = wav_bytes(np.sign(noise(0.5)), RATE)
    assert SOURCE.read(of_files(write(tmp_path, {**named_files(), "1_ben_8.wav": loud}))).counts["clipped"] == 1
