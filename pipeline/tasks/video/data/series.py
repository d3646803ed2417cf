"""Time series of the UCR and UEA archives: .ts files (timeseriesclassification.com).

Lines that begin with # say something to people, those with @ to programs. After @data each line is a series: its
channels with a colon between them, the values of each with commas, and the class after the last colon.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError
from pipeline.text.utf8 import read_text


class Series(NamedTuple):
    """A line of a file."""

    frames: Float[np.ndarray, "T D"]
    label: str | None
    """None where the file has no classes."""
    line: int


def series_of(file: Path) -> Iterator[Series]:
    """The series of a file.

    Raises:
        CorpusError: with file and line, where something is wrong.
    """
    header: dict[str, str] = {}
    in_data, has_series = False, False
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if in_data:
            has_series = True
            yield _series(text, _has_classes(header), number, f"{file}: line {number}")
        elif text.startswith("@"):
            key, _, value = text[1:].partition(" ")
            header[key.lower()] = value.strip()
            in_data = key.lower() == "data"
            _check(header, f"{file}: line {number}")
        else:
            raise CorpusError(f"{file}: line {number}", "@data before the first series", repr(text[:40]), "add it")
    if not has_series:
        raise CorpusError(str(file), "a series a line after @data", "none", "fill it, or take it out of the folder")


def _has_classes(header: dict[str, str]) -> bool:
    return header.get("classlabel", "").lower().startswith("true")


def _check(header: dict[str, str], where: str) -> None:
    if header.get("timestamps", "").lower() == "true":
        raise CorpusError(where, "values without their times", "@timeStamps true", "write them at equal distances")


def _series(text: str, has_classes: bool, line: int, where: str) -> Series:
    channels = text.split(":")
    label = channels.pop().strip() if has_classes else None
    if label == "" or not channels:
        raise CorpusError(where, "values, and the class after the last colon", repr(text[-40:]), "correct the line")
    values = [[_number(value, where) for value in channel.split(",")] for channel in channels]
    if len(lengths := {len(channel) for channel in values}) > 1:
        raise CorpusError(where, "channels of one length", sorted(lengths), "fill the shorter ones, or cut the others")
    return Series(np.array(values, np.float32).T.copy(), label, line)


def _number(value: str, where: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise CorpusError(where, "finite numbers", repr(value.strip()), "correct the line, or take it out")
    return number
