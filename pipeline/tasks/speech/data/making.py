"""Clips that are made: spoken by a voice, or joined from recordings of words; and how training clips are changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.tasks.speech.data.clips import Clip, brought_to, is_long_enough, resampled
from pipeline.tasks.speech.data.sentences import drawn, texts_of
from pipeline.tasks.speech.data.voices import RATE, VOICES, spoken
from pipeline.tasks.speech.params import Joined, Perturbed, SpeakerSplit, SpeechParams
from pipeline.tokens.batches import SPLITS

TEST_TEXTS, VALIDATION_TEXTS = 0.2, 0.1
"""Shares of the texts that are spoken; the second where the split names voices of validation."""
SPEED, PITCH = (0.8, 1.1), (0.8, 1.25)
"""Least and most of each voice."""
TRIES = 100
HUNDREDTHS = 100

Rng = np.random.Generator
Clips = Mapping[str, Sequence[Clip]]
"""By the name of their split."""


def between(least_and_most: Sequence[float], rng: Rng) -> float:
    """A number, drawn evenly."""
    return float(rng.uniform(least_and_most[0], least_and_most[1]))


def rng_of(params: SpeechParams, split: str) -> Rng:
    """What a split draws: the others have no say in it."""
    return np.random.default_rng([params.split.seed, SPLITS.index(split)])


def generated(params: SpeechParams) -> Clips:
    """Clips spoken by the voices of each split in turn, each with a text that no other split has."""
    assert params.clips is not None, "SpeechParams"
    assert isinstance(params.split, SpeakerSplit), "SpeechParams"
    found, texts = {}, texts_of_splits(params.split)
    for name, voices in voices_of(params.split).items():
        rng, kinds = rng_of(params, name), texts[name]

        def speak(i: int, voices=voices, rng=rng, kinds=kinds) -> Clip:
            return _spoken(drawn(kinds, rng), voices[i % len(voices)], rng, params)

        found[name] = made(speak, getattr(params.clips, name), name, rng, params)
    return found


def texts_of_splits(split: SpeakerSplit) -> dict[str, list[Sequence[str]]]:
    """Of each split the texts of each kind.

    Raises:
        CorpusError: where a split has no text of a kind.
    """
    validation = TEST_TEXTS + (VALIDATION_TEXTS if isinstance(split.validation, list) else split.validation)
    bounds = {"train": (validation, 1.0), "validation": (TEST_TEXTS, validation), "test": (0.0, TEST_TEXTS)}
    found = {name: texts_of(low, high) for name, (low, high) in bounds.items()}
    if not all(texts for kinds in found.values() for texts in kinds):
        rule, what_to_do = "texts of each kind in each split", "set another share, for example 0.1"
        raise CorpusError("params.yaml: tasks.speech.split.validation", rule, split.validation, what_to_do)
    return found


def voices_of(split: SpeakerSplit) -> dict[str, Sequence[str]]:
    """The voices of each split; validation hears those of training, with texts of its own, where it is a share.

    Raises:
        CorpusError: where a voice is not one of py-nanotts, or none is left to train.
    """
    named = [*split.test, *(split.validation if isinstance(split.validation, list) else [])]
    where = "params.yaml: tasks.speech.split"
    if unknown := [voice for voice in named if voice not in VOICES]:
        raise CorpusError(where, f"voices of {sorted(VOICES)}", unknown, "name some of them, or set tasks.speech.path")
    if not (train := [voice for voice in VOICES if voice not in named]):
        raise CorpusError(where, "a voice that is left to train", "none", "name fewer of them")
    return {
        "train": train,
        "validation": split.validation if isinstance(split.validation, list) else train,
        "test": split.test,
    }


def _spoken(text: str, voice: str, rng: Rng, params: SpeechParams) -> Clip:
    speed, pitch = between(SPEED, rng), between(PITCH, rng)
    samples = brought_to(params.rate, spoken(text, voice, speed, pitch), RATE, f"voice {voice}")
    return Clip(samples, text, voice, f"{voice}, speed {speed:.2f}, pitch {pitch:.2f}")


def joined_strings(recordings: Clips, joined: Joined, params: SpeechParams) -> Clips:
    """Strings of words of each split, each of one speaker of it; words are drawn evenly from the speaker's."""
    assert params.clips is not None, "SpeechParams"
    found = {}
    for name, words in recordings.items():
        rng, speakers = rng_of(params, name), sorted({word.speaker or "" for word in words})
        of = [[word for word in words if (word.speaker or "") == speaker] for speaker in speakers]

        def join(i: int, of=of, rng=rng) -> Clip:
            return _joined(of[i % len(of)], joined, rng, params.rate)

        found[name] = made(join, getattr(params.clips, name), name, rng, params)
    return found


def _joined(words: Sequence[Clip], joined: Joined, rng: Rng, rate: int) -> Clip:
    number = int(rng.integers(joined.words[0], joined.words[1] + 1))
    picked = [words[i] for i in rng.integers(len(words), size=number)]
    parts = [picked[0].samples]
    for word in picked[1:]:
        parts += [np.zeros(round(rate * between(joined.gap_seconds, rng))), word.samples]
    text, name = " ".join(word.text for word in picked), " + ".join(word.name for word in picked)
    return Clip(np.concatenate(parts), text, picked[0].speaker, name)


def as_recorded(recordings: Clips, params: SpeechParams) -> Clips:
    """The recordings themselves, those of training changed where the params say so."""
    return {
        name: made(clips.__getitem__, len(clips), name, rng_of(params, name), params)
        for name, clips in recordings.items()
    }


def made(make: Callable[[int], Clip], number: int, split: str, rng: Rng, params: SpeechParams) -> list[Clip]:
    """Clip i of each i below `number`, changed in the training split; what is too short for its text is made again."""
    change = params.perturbed if split == "train" else None
    return [_long_enough(lambda i=i: perturbed(make(i), change, rng), params) for i in range(number)]


def _long_enough(make: Callable[[], Clip], params: SpeechParams) -> Clip:
    clip = make()
    for _ in range(TRIES):
        if is_long_enough(clip, params):
            return clip
        clip = make()
    rule = f"two steps and more for each character of {clip.text!r}"
    what_to_do = "lower tasks.speech.stacked_frames or the speed in tasks.speech.perturbed, or take the clip out"
    raise CorpusError(clip.name, rule, f"{len(clip.samples) / params.rate:.2f} seconds", what_to_do)


def perturbed(clip: Clip, change: Perturbed | None, rng: Rng) -> Clip:
    """The clip played at another speed, by another throat."""
    if change is None:
        return clip
    speed, formants = (round(HUNDREDTHS * between(of, rng)) for of in (change.speed, change.formants))
    return replace(clip, samples=resampled(clip.samples, speed, HUNDREDTHS), formants=formants / HUNDREDTHS)


def with_noise(clips: Clips, params: SpeechParams) -> Clips:
    """White noise is added at the ratios of the params, each to as many clips of a split."""
    found = {}
    for name, of_split in clips.items():
        own = params.perturbed.noise_db if params.perturbed is not None and name == "train" else None
        ratios = own or params.noise_db
        rng = np.random.default_rng([params.split.seed, len(SPLITS) + SPLITS.index(name)])
        order = rng.permutation(len(of_split)) % len(ratios)
        found[name] = [noisy(clip, ratios[at], rng) for clip, at in zip(of_split, order, strict=True)]
    return found


def noisy(clip: Clip, snr_db: float | None, rng: Rng) -> Clip:
    """White noise, normal, whose power is `snr_db` below the mean power of the clip."""
    if snr_db is None:
        return clip
    power = (clip.samples**2).mean() / 10 ** (snr_db / 10)
    return replace(clip, samples=clip.samples + rng.normal(0, power**0.5, len(clip.samples)), snr_db=float(snr_db))
