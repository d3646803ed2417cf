"""The task's entry of params.yaml."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, PositiveFloat
from pipeline.examples.params import Split, problems_of_shares
from pipeline.tasks.params import FileTaskParams


class MusicParams(FileTaskParams):
    """Tunes or chords; path: null reads the tunes of Ryan's Mammoth Collection of the package music21."""

    format: Literal["tunes", "chords"]
    """tunes: one note at a time, with key, metre and bars; chords: a frame at a time, its notes one after another."""
    split: Split
    """hash: related versions of a tune go where the hash of the first says; given: the file itself says (JSON, .mat),
    or each file's name does: train.*, validation.*, test.*."""
    steps_per_beat: Count
    """Of MIDI files: notes begin and end at the nearest of so many places in a quarter note; a frame is one step."""
    transposed: Annotated[int, Field(ge=0, le=6)]
    """The training split is read at up to so many semitones below and above, too."""
    min_count: Count
    """Tokens that occur less often in the training split are UNK, so that UNK is trained."""
    max_steps: Count | None
    """Pieces of more tokens are left out and counted; null reads all."""
    samples: Count
    """Tunes written for each kind."""
    temperature: PositiveFloat
    """Of the samples: below 1 likely notes come more often, above 1 less often."""

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> "MusicParams":
        problems = []
        if self.path is None and self.format == "chords":
            problems.append("path: chords are read from files (got null); set it, or set format: tunes")
        if self.path is None and self.split.method == "given":
            problems.append("split.method: the tunes bring no splits (got 'given'); set hash, or set path")
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if problems:
            raise ValueError("\n".join(problems))
        return self


PARAMS = MusicParams
