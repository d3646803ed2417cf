"""The task's entry of params.yaml."""

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.base.params import Count, Section, Seed, Share
from pipeline.examples.params import problems_of_shares
from pipeline.tasks.params import FileTaskParams
from pipeline.text.params import HashSplit

MIN_CANVAS = 11
"""Pixels of a side on which an image of 8 x 8 has three places and four."""


class ImageParams(Section):
    """Frames that are images; colours become shades of grey."""

    height: Annotated[int, Field(ge=4, le=256)]
    """Pixels; images of files are scaled to this size."""
    width: Annotated[int, Field(ge=4, le=256)]
    features: Count | None
    """Of a small convolution over each frame; null: the network reads the pixels."""


class FrameColumns(Section):
    """Where a table has what, a row a frame; every column that is not named here is a channel."""

    label: str
    clip: str | None
    """Rows in a row with one value here are a clip; null: each file is one."""
    person: str | None
    leave_out: list[str]


class ChangeParams(Section):
    """How frames change, as channels beside the others: what differs little from frame to frame says it badly."""

    frames: Count
    """A change is that from so many frames before to so many behind."""
    dimensions: Count
    """Channels of a point, one beside the other (3: x, y, z). The speed of each point, the length of its change, is a
    channel too."""


class GivenSplit(Section):
    """Files or folders named train, validation and test."""

    method: Literal["given"]
    validation: Share
    """Of the training clips, by hash, where no file is named validation."""
    seed: Seed


class VideoParams(FileTaskParams):
    """Clips with a class each or a class a frame; path: null draws moving digits."""

    labels: Literal["clip", "frames"]
    """What has a class: a clip, or each of its frames."""
    clips: Count
    """Of the drawn training split."""
    image: ImageParams | None
    """null: frames are rows of numbers."""
    columns: FrameColumns | None
    """Of csv files; null where there are none."""
    rename: dict[str, str]
    """Labels that are read as others, such as misspelt ones."""
    person: str | None
    """A regular expression whose group is the person (or what else clips have in common) in the name of a file below
    `path`: all clips of a person are in one split. null: each clip is by itself, unless a table names the person."""
    split: Annotated[HashSplit | GivenSplit, Field(discriminator="method")]
    normalise: bool
    """Whether each channel of a clip gets mean 0 and variance 1 over the clip."""
    changes: ChangeParams | None
    """null: frames are read as they are."""
    window: Annotated[int, Field(ge=2)] | None
    """Training clips that are longer are cut into pieces of so many frames, which overlap by half; null: they are
    learned whole."""

    @model_validator(mode="after")
    def _settings_agree(self) -> "VideoParams":
        problems = [*_of_drawn_clips(self), *_of_images(self), *_of_labels(self)]
        if self.split.method == "hash":
            problems += problems_of_shares(self.split.validation, self.split.test)
        if problems:
            raise ValueError("\n".join(problems))
        return self


def _of_drawn_clips(params: VideoParams) -> list[str]:
    """What does not go with path: null."""
    if params.path is not None:
        return []
    problems = []
    if params.labels == "frames":
        problems.append("labels: moving digits have a class a clip (got 'frames'); set clip, or set path")
    if params.split.method == "given":
        problems.append("split.method: moving digits bring no splits (got 'given'); set hash, or set path")
    sides = None if params.image is None else (params.image.height, params.image.width)
    if sides is None or min(sides) < MIN_CANVAS:
        rule = f"image: moving digits need a height and width of {MIN_CANVAS} or more"
        problems.append(f"{rule} (got {sides}); set them, or set path")
    unused = {"columns": params.columns, "person": params.person, "rename": params.rename or None}
    named = [key for key, value in unused.items() if value is not None]
    return problems + [f"{key}: without effect with path null (got {unused[key]}); take it out" for key in named]


def _of_images(params: VideoParams) -> list[str]:
    if params.image is None:
        return []
    unused = {"changes": params.changes, "normalise": params.normalise or None}
    named = [key for key, value in unused.items() if value is not None]
    return [f"{key}: for rows of numbers, not for images (got {unused[key]}); take it out" for key in named]


def _of_labels(params: VideoParams) -> list[str]:
    problems = []
    if params.labels == "clip" and params.window is not None:
        problems.append(f"window: for a class a frame (got {params.window}); set it to null, or set labels: frames")
    if params.person is not None and _groups(params.person) != 1:
        rule = "person: a regular expression with one group"
        problems.append(f"{rule} (got {params.person!r}); write one such as 'user_([a-z])'")
    return problems


def _groups(pattern: str) -> int | None:
    """How many groups a regular expression has; None where it is none.

    >>> _groups("user_([a-c])"), _groups("user"), _groups("(")
    (1, 0, None)
    """
    try:
        return re.compile(pattern).groups
    except re.error:
        return None


PARAMS = VideoParams
