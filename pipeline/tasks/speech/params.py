"""The task's entry of params.yaml."""

from string import Formatter
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, PositiveFloat, Section, Seed, Share
from pipeline.examples.params import problems_of_shares
from pipeline.tasks.params import FileTaskParams

Decibels = Annotated[float, Field(ge=-40, le=100)]
Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class SpeakerSplit(Section):
    """What a speaker says is in one split; the generated set has the voices of py-nanotts for speakers."""

    method: Literal["speaker"]
    validation: Names | Share
    """Speakers; or a share of the clips of those that are learned from, of the texts where clips are generated."""
    test: Names
    """Speakers."""
    seed: Seed


class HashSplit(Section):
    """Each clip goes where the hash of its name says, and its speaker may be in all splits."""

    method: Literal["hash"]
    validation: Share
    test: Share
    seed: Seed


class Joined(Section):
    """Recordings of words that are joined into strings, all of one speaker, drawn evenly."""

    words: Annotated[list[Count], Field(min_length=2, max_length=2)]
    """Fewest and most words of a string; each number is equally frequent."""
    gap_seconds: Annotated[list[Annotated[float, Field(ge=0, le=10)]], Field(min_length=2, max_length=2)]
    """Shortest and longest pause between two words."""


class Perturbed(Section):
    """How training clips are changed, each by numbers drawn evenly, so that two speakers sound like many."""

    speed: Annotated[list[PositiveFloat], Field(min_length=2, max_length=2)]
    """Least and most: the clip played faster or slower, which moves its pitch and its formants, too."""
    formants: Annotated[list[PositiveFloat], Field(min_length=2, max_length=2)]
    """Least and most: frequencies stretched by the length of a vocal tract."""
    noise_db: Annotated[list[Decibels | None], Field(min_length=1)] | None
    """What training clips have in place of the task's noise_db; null: the same."""


class Clips(Section):
    """How many clips are made, of each split."""

    train: Count
    validation: Count
    test: Count


class SpeechParams(FileTaskParams):
    """Clips and their transcripts; path: null has py-nanotts speak numbers, times and commands."""

    names: Annotated[str, Field(min_length=1)] | None
    """How files are named that have their transcript in their name, without the ending: `{text}_{speaker}_{number}`.
    null: a table beside them (.csv, .tsv) has the columns `file`, `text`, and perhaps `speaker`."""
    spoken: dict[str, str] | None
    """What words of the transcripts are read as, `"0": zero`; null: as they are written."""
    joined: Joined | None
    """null: each recording is a clip. Else they are single words."""
    clips: Clips | None
    """How many are generated, or joined; null: as many as there are recordings."""
    split: Annotated[SpeakerSplit | HashSplit, Field(discriminator="method")]
    noise_db: Annotated[list[Decibels | None], Field(min_length=1)]
    """Ratios of signal to noise, equally frequent in each split: white noise is added; null adds none."""
    perturbed: Perturbed | None
    rate: Annotated[int, Field(ge=4000, le=48000)]
    """Samples a second that all clips are brought to."""
    num_mels: Annotated[int, Field(ge=8, le=128)]
    """Bands of the spectrum, of equal width on the mel scale."""
    stacked_frames: Annotated[int, Field(ge=1, le=8)]
    """Frames of 10 ms that make a step."""
    beam_size: Count
    """Beginnings of a transcript that are kept."""
    language_model_order: Annotated[int, Field(ge=1, le=12)]
    """Of the n-grams over the characters of the training transcripts."""
    language_model_weight: Annotated[float, Field(ge=0, le=10)]
    """How much their log-probability counts beside the network's."""

    @model_validator(mode="after")
    def _settings_agree(self) -> "SpeechParams":
        problems = [*_of_source(self), *_of_ranges(self)]
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        elif isinstance(self.split.validation, list) and (both := {*self.split.validation} & {*self.split.test}):
            problems.append(f"split.test: speakers that validation does not have (got {sorted(both)}); take them out")
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _of_source(params: SpeechParams) -> list[str]:
    problems = []
    if params.path is None and not params.split.method == "speaker":
        problems.append("split.method: the generated clips are split by voice (got 'hash'); set speaker")
    if params.path is None and (given := [key for key in ("names", "spoken", "joined") if getattr(params, key)]):
        problems.append(f"{given[0]}: read with a path alone (got {getattr(params, given[0])!r}); set it to null")
    if (params.path is None or params.joined is not None) != (params.clips is not None):
        rule = "clips: how many are generated or joined, without effect otherwise"
        problems.append(f"{rule} (got {params.clips}); set it where path is null or joined is set, else to null")
    if params.names is not None and (problem := _name_problem(params.names)):
        problems.append(problem)
    return problems


def _of_ranges(params: SpeechParams) -> list[str]:
    """Least before most."""
    ranges = {}
    if params.joined is not None:
        ranges |= {"joined.words": params.joined.words, "joined.gap_seconds": params.joined.gap_seconds}
    if params.perturbed is not None:
        ranges |= {"perturbed.speed": params.perturbed.speed, "perturbed.formants": params.perturbed.formants}
    return [f"{k}: least before most (got {of}); swap them" for k, of in ranges.items() if of[0] > of[1]]


def _name_problem(names: str) -> str | None:
    try:
        fields = [field for _, field, _, _ in Formatter().parse(names) if field is not None]
    except ValueError:
        fields = []
    if "text" in fields and len(set(fields)) == len(fields) and all(field.isidentifier() for field in fields):
        return None
    return f"names: {{text}} once, and other names in braces once (got {names!r}); correct it"


PARAMS = SpeechParams
