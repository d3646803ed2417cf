"""Speech: clips that voices speak or that are joined, noise, and what scores without a network."""

import sys

import numpy as np
import pytest
from pydantic import ValidationError
from speech_params import speech_params

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.speech.data import SOURCE, voices
from pipeline.tasks.speech.data.clips import Clip, is_long_enough
from pipeline.tasks.speech.data.making import joined_strings, noisy, perturbed, texts_of_splits, with_noise
from pipeline.tasks.speech.data.sentences import COMMANDS, NUMBERS, TIMES
from pipeline.tasks.speech.data.voices import ACCENTS, SOUNDS, VOICES, spoken
from pipeline.tasks.speech.data.warping import distances
from pipeline.tasks.speech.params import Joined, Perturbed, SpeakerSplit

pytest.importorskip("py_nanotts")


@pytest.fixture(scope="module")
def examples() -> Examples:
    return SOURCE.read(speech_params(noise_db=[None, 10], clips={"train": 60, "validation": 5, "test": 6}))


def test_the_same_bytes_whatever_was_spoken_before():
    said = [("seven", "de-DE"), ("half past two", "en-US"), ("turn on lamp six", "fr-FR"), ("zero", "en-GB")]
    first = [spoken(text, voice, 1.1, 0.9).tobytes() for text, voice in said]
    for at in np.random.default_rng(1).integers(len(said), size=20):
        text, voice = said[at]
        dirt = np.ones(1_000_000 * int(at + 1), np.uint8)  # the memory of which is handed out again
        del dirt
        assert spoken(text, voice, 1.1, 0.9).tobytes() == first[at]


def test_every_voice_has_sounds_for_every_word():
    words = {word for text in [*NUMBERS, *TIMES, *COMMANDS] for word in text.split()}
    assert words == SOUNDS.keys()
    for voice in ACCENTS:
        assert len({spoken(word, voice, 1.0, 1.0).tobytes() for word in ("three", "four", "half")}) == 3


def test_each_sound_of_an_accent_is_heard():
    """Pico leaves out what its language does not have."""
    sounds = sorted({sound for word in SOUNDS.values() for sound in word})
    for voice, accent in ACCENTS.items():
        kept = [accent.get(sound, sound) for sound in sounds if accent.get(sound, sound)]
        tag = "<phoneme alphabet='xsampa' ph='{}'/>"
        alone = {s: voices._speaker().speak(tag.format(f"ta{s}ta"), voice=voice, speed=1, pitch=1) for s in kept}
        without = voices._speaker().speak(tag.format("tata"), voice=voice, speed=1, pitch=1)
        assert [sound for sound, pcm in alone.items() if pcm == without] == [], voice


def test_no_text_and_no_test_voice_is_on_both_sides(examples):
    texts = {name: set(split.notes["text"]) for name, split in examples.splits.items()}
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["validation"]
    assert not texts["validation"] & texts["test"]
    assert set(examples.splits["test"].notes["speaker"]) == {"en-GB"}
    assert set(examples.splits["train"].notes["speaker"]) == set(VOICES) - {"en-GB"}


def test_a_share_of_validation_is_one_of_the_texts():
    split = speech_params().split
    assert isinstance(split, SpeakerSplit)
    number = {name: sum(map(len, kinds)) for name, kinds in texts_of_splits(split).items()}
    assert sum(number.values()) == 1984
    assert number["validation"] / 1984 == pytest.approx(0.5, abs=0.05)
    assert number["test"] / 1984 == pytest.approx(0.2, abs=0.05)


def test_examples_fit_the_loss(examples):
    assert examples.classes[0] == ""
    for split in examples.splits.values():
        for steps, target, text in zip(split.inputs, split.targets, split.notes["text"], strict=True):
            assert "".join(examples.classes[i] for i in target) == text
            assert len(steps) > 2 * len(text)
            assert (steps.dtype, steps.shape[1]) == (np.float32, 24)
            assert abs(steps.mean()) < 0.2


def test_equal_params_give_equal_files(examples, tmp_path):
    again = SOURCE.read(speech_params(noise_db=[None, 10], clips={"train": 60, "validation": 5, "test": 6}))
    for name, found in (("a", examples), ("b", again)):
        (tmp_path / name).mkdir()
        found.save(tmp_path / name)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    loaded = Examples.load(tmp_path / "a").splits["test"]
    assert loaded.notes["sound"][0][:4] == b"RIFF"
    assert loaded.notes["sound"][-1] is None


@pytest.mark.parametrize("snr_db", [20.0, 0.0, -5.0])
def test_noise_has_the_power_that_is_asked(snr_db):
    samples = np.sin(np.arange(20000) / 7)
    found = noisy(Clip(samples, "a", None, "a"), snr_db, np.random.default_rng(1))
    noise = found.samples - samples
    assert 10 * np.log10((samples**2).mean() / (noise**2).mean()) == pytest.approx(snr_db, abs=0.2)
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    assert spectrum[:5000].mean() == pytest.approx(spectrum[5000:].mean(), rel=0.1)  # white


def test_ratios_are_equally_frequent():
    found = SOURCE.read(speech_params(noise_db=[None, 20, 5], clips={"train": 60, "validation": 3, "test": 3}))
    assert sorted(found.splits["train"].notes["snr_db"], key=str) == [20.0] * 20 + [5.0] * 20 + [None] * 20


def test_training_may_have_noise_of_its_own():
    split = {name: [Clip(np.ones(800), "a", None, "a")] * 4 for name in ("train", "test")}
    changes = {"speed": [1.0, 1.0], "formants": [1.0, 1.0], "noise_db": [20, 10]}
    found = with_noise(split, speech_params(noise_db=[None], perturbed=changes))
    assert sorted(clip.snr_db or 0 for clip in found["train"]) == [10, 10, 20, 20]
    assert {clip.snr_db for clip in found["test"]} == {None}


def test_a_faster_clip_is_shorter_and_higher():
    tone = np.sin(2 * np.pi * 500 * np.arange(8000) / 8000)
    change = Perturbed(speed=[1.25, 1.25], formants=[0.9, 0.9], noise_db=None)
    found = perturbed(Clip(tone, "a", None, "a"), change, np.random.default_rng(1))
    assert (len(found.samples), found.formants) == (6400, 0.9)
    assert np.abs(np.fft.rfft(found.samples[1000:5000])).argmax() * 8000 / 4000 == pytest.approx(625, abs=2)


def words_of(speaker: str) -> list[Clip]:
    rng = np.random.default_rng(len(speaker))
    return [Clip(rng.normal(size=4000), text, speaker, f"{text}_{speaker}") for text in ("one", "two", "six")]


def test_strings_are_of_one_speaker_and_say_their_words():
    joined = Joined(words=[2, 3], gap_seconds=[0.1, 0.1])
    params = speech_params(path="x", names="{text}", joined=joined.model_dump())
    split = [*words_of("ann"), *words_of("ben1")]
    found = joined_strings({"train": split, "validation": split[:3], "test": split[3:]}, joined, params)
    assert {name: len(of) for name, of in found.items()} == {"train": 8, "validation": 3, "test": 4}
    for clip in found["train"]:
        assert clip.name.split(" + ") == [f"{word}_{clip.speaker}" for word in clip.text.split()]
        number = len(clip.text.split())
        assert len(clip.samples) == 4000 * number + 800 * (number - 1)
        assert is_long_enough(clip, params)
    assert {clip.speaker for clip in found["train"]} == {"ann", "ben1"}
    assert {len(clip.text.split()) for clip in found["train"]} == {2, 3}


def brute(a: np.ndarray, b: np.ndarray) -> float:
    costs = np.full((len(a) + 1, len(b) + 1), np.inf)
    costs[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            best = min(costs[i, j + 1], costs[i + 1, j], costs[i, j])
            costs[i + 1, j + 1] = np.linalg.norm(a[i] - b[j]) + best
    return costs[-1, -1] / (len(a) + len(b))


@pytest.mark.parametrize("length", [1, 4, 9])
def test_warping_is_that_of_the_definition(length):
    rng = np.random.default_rng(length)
    query = rng.normal(size=(length, 3)).astype(np.float32)
    templates = [rng.normal(size=(n, 3)).astype(np.float32) for n in (1, 7, 5, 9)]
    wanted = [brute(query, template) for template in templates]
    np.testing.assert_allclose(distances(query, templates), wanted, rtol=1e-4)


def test_warping_ignores_how_long_each_step_is_held():
    rng = np.random.default_rng(1)
    short, other = rng.normal(size=(2, 6, 4)).astype(np.float32)
    near, far = distances(np.repeat(short, 3, 0), [short, other])
    assert near == pytest.approx(0, abs=1e-3)
    assert far > 0.5


def test_baselines_know_words_that_are_alike():
    rng = np.random.default_rng(1)
    pictures = {"one": rng.normal(size=(6, 4)), "two": rng.normal(size=(9, 4))}

    def split(texts: list[str]) -> Split:
        steps = [(pictures[text] + 0.1 * rng.normal(size=pictures[text].shape)).astype(np.float32) for text in texts]
        return Split(steps, [np.zeros(1, np.int64)] * len(texts), {"text": texts})

    splits = {"train": split(["one", "two", "two"] * 3), "validation": split(["one"]), "test": split(["one", "two"])}
    found = {of.name: of.scores["test"]["wer"].value for of in SOURCE.baselines(speech_params(), Examples(splits))}
    assert found == {
        "most frequent transcript": 0.5,
        "nearest clip by time warping": 0.0,
        "logistic regression on pooled frames": 0.0,
    }


def test_the_figure_shows_transcripts(examples):
    figure = SOURCE.figure(speech_params(noise_db=[None, 10]), examples)
    assert examples.splits["train"].notes["text"][0] in figure.axes[0].get_title(loc="left")


def test_without_the_package_a_sentence_says_what_to_set(monkeypatch):
    monkeypatch.setitem(sys.modules, "py_nanotts", None)
    voices._speaker.cache_clear()
    with pytest.raises(PipelineError, match=r"tasks\.speech\.path: null needs the package py-nanotts.*or set path"):
        SOURCE.read(speech_params())
    voices._speaker.cache_clear()


WRONG_VOICES = [
    ({"test": ["en-AU"]}, "voices of .*en-GB.*got .*en-AU"),
    ({"test": list(VOICES)}, "a voice that is left to train"),
    ({"validation": 0.9, "test": ["en-GB"]}, r"split.validation: texts of each kind in each split \(got 0.9\)"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_VOICES)
def test_voices_are_those_there_are(change, sentence):
    split = {"method": "speaker", "validation": 0.1, "seed": 1, **change}
    with pytest.raises(PipelineError, match=sentence):
        SOURCE.read(speech_params(split=split))


HASH = {"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1}
WRONG_PARAMS = [
    ({"split": HASH}, "split.method: the generated clips are split by voice"),
    ({"names": "{text}"}, "names: read with a path alone"),
    ({"clips": None}, "clips: how many are generated or joined"),
    ({"path": "x"}, "clips: how many are generated or joined"),
    ({"path": "x", "clips": None, "split": {**HASH, "test": 0.9}}, "split: validation and test leave a share"),
    (
        {"perturbed": {"speed": [1.2, 0.9], "formants": [1.0, 1.0], "noise_db": None}},
        "perturbed.speed: least before most",
    ),
    ({"path": "x", "clips": None, "names": "{speaker}_{number}"}, r"names: .*\{text\}"),
    ({"path": "x", "clips": None, "names": "{text}_{text}"}, r"names: .*\{text\}"),
    (
        {"split": {"method": "speaker", "validation": ["en-GB"], "test": ["en-GB"], "seed": 1}},
        "split.test: speakers that validation does not have",
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG_PARAMS)
def test_settings_without_effect_are_refused(changes, sentence):
    with pytest.raises(ValidationError, match=sentence):
        speech_params(**changes)
