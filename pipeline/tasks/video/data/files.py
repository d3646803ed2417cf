"""Clips from files: which file is a clip, and which class it has.

A folder of images is a clip, and so is a video file or a .npz; its class is the name of the folder that it lies in, or
what `labels.csv` (clip, label, and perhaps person) at the top says. A .ts file has a clip a line, a .csv file rows of
frames.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.tasks.video.data.clips import Clip
from pipeline.tasks.video.data.pictures import (
    ARRAYS,
    IMAGES,
    VIDEOS,
    frames_of_arrays,
    frames_of_folder,
    frames_of_video,
)
from pipeline.tasks.video.data.series import series_of
from pipeline.tasks.video.data.tables import rows_of
from pipeline.tasks.video.params import ChangeParams, ImageParams, VideoParams
from pipeline.text.files import files_of
from pipeline.text.utf8 import read_text

LABELS = "labels.csv"
HEADS = ("clip", "label", "person")
SERIES, TABLE = ".ts", ".csv"
READ = (*IMAGES, *VIDEOS, ARRAYS, SERIES, TABLE)
MIN_FRAMES = 2


def read_clips(params: VideoParams) -> list[Clip]:
    """The clips of `path`, with their labels.

    Raises:
        CorpusError: with file and line, where something is wrong.
    """
    path = Path(str(params.path))
    if not path.exists():
        where = "params.yaml: tasks.video.path"
        raise CorpusError(where, "a file or folder that is there", repr(str(path)), "correct it")
    root = path if path.is_dir() else path.parent
    said = _said_of_clips(root / LABELS) if path.is_dir() and (root / LABELS).exists() else {}
    found = [
        _labelled(clip, source, root, said, params)
        for source in sources(path)
        for clip in clips_in(source, params, needs_labels=True)
    ]
    if not found:
        rule = f"clips: folders of images, or files that end with {', '.join((*VIDEOS, ARRAYS, SERIES, TABLE))}"
        raise CorpusError(str(path), rule, "none", "put some there")
    return found


def sources(path: Path) -> list[Path]:
    """The folders of images, and the files, that hold clips, by name."""
    files = [file for file in files_of(path) if file.suffix.lower() in READ and file != path / LABELS]
    return sorted({file.parent if file.suffix.lower() in IMAGES else file for file in files})


def clips_in(source: Path, params: VideoParams, needs_labels: bool = False) -> Iterator[Clip]:
    """The clips of a folder of images, or of a file; their names are those within the file.

    Raises:
        CorpusError: with file and line, where something is wrong; a clip of one frame, too.
    """
    for clip in _read(source, params, needs_labels):
        if len(clip.frames) < MIN_FRAMES:
            what_to_do = "add frames, or take the clip out"
            raise CorpusError(clip.places[0], f"{MIN_FRAMES} frames or more", len(clip.frames), what_to_do)
        yield replace(clip, frames=prepared(clip.frames, params, clip.places[0]))


def _read(source: Path, params: VideoParams, needs_labels: bool) -> Iterator[Clip]:
    ending = source.suffix.lower()
    if ending in (SERIES, TABLE) and params.image is not None:
        what_to_do = "set tasks.video.image to null"
        raise CorpusError(str(source), "rows of numbers are no images", f"{params.image}", what_to_do)
    if source.is_dir():
        yield Clip(frames_of_folder(source, _image(source, params)), [], [str(source)], "")
    elif ending in VIDEOS:
        yield Clip(frames_of_video(source, _image(source, params)), [], [str(source)], "")
    elif ending == ARRAYS:
        frames, labels = frames_of_arrays(source, params.image)
        yield Clip(frames, labels, [str(source)] * max(len(labels), 1), "")
    elif ending == SERIES:
        for series in series_of(source):
            labels = [] if series.label is None else [series.label]
            yield Clip(series.frames, labels, [f"{source}: line {series.line}"], f"line {series.line}")
    elif ending == TABLE:
        yield from _of_table(source, params, needs_labels)
    else:
        rule = f"a folder of images, or a file that ends with {', '.join((*VIDEOS, ARRAYS, SERIES, TABLE))}"
        raise CorpusError(str(source), rule, source.name, "name another")


def _image(source: Path, params: VideoParams) -> ImageParams:
    if params.image is None:
        what_to_do = "set tasks.video.image to {height: ..., width: ..., features: null}"
        raise CorpusError(str(source), "images are scaled to one size", "image: null", what_to_do)
    return params.image


def _of_table(source: Path, params: VideoParams, needs_labels: bool) -> Iterator[Clip]:
    if params.columns is None:
        what_to_do = "set it, as {label: ..., clip: null, person: null, leave_out: []}"
        raise CorpusError(str(source), "tasks.video.columns says which column is the label", None, what_to_do)
    for rows in rows_of(source, params.columns, needs_labels):
        places = [f"{source}: line {line}" for line in rows.lines]
        yield Clip(rows.frames, rows.labels, places, rows.clip, rows.person)


def _labelled(
    clip: Clip, source: Path, root: Path, said: Mapping[str, tuple[str, str, str | None]], params: VideoParams
) -> Clip:
    """The clip with its class or classes, its name below the root, and its person."""
    below = source.relative_to(root).as_posix()
    name = f"{below}: {clip.name}" if clip.name else below
    labels, places, person = clip.labels, clip.places, clip.person
    if below in said:
        place, label, person = said[below]
        labels, places = [label], [place]
    elif not labels and params.labels == "clip":
        labels = [_folder_of(source, root)]
    if params.person is not None:
        person = _person(params.person, below, str(source))
    renamed = [params.rename.get(label, label) for label in labels]
    return replace(clip, name=name, person=person, **_of_kind(renamed, places, len(clip.frames), params))


def _of_kind(
    labels: Sequence[str], places: Sequence[str], frames: int, params: VideoParams
) -> dict[str, Sequence[str]]:
    """One label a clip, or one a frame, as the params want it."""
    if params.labels == "frames":
        if len(labels) != frames:
            rule = "a label a frame, in a column of a .csv or in the array `labels` of a .npz"
            raise CorpusError(places[0], rule, f"{len(labels)} for {frames} frames", "add them, or set labels: clip")
        return {"labels": labels, "places": places}
    for label, place in zip(labels, places, strict=False):
        if label != labels[0]:
            what_to_do = "correct it, or set labels: frames"
            raise CorpusError(place, f"the class of the clip's first frame, {labels[0]}", label, what_to_do)
    return {"labels": labels[:1], "places": places[:1]}


def _folder_of(source: Path, root: Path) -> str:
    if source.parent == root or source == root:
        rule = f"clips in a folder that is named like their class, or in {LABELS}"
        raise CorpusError(str(source), rule, "neither", f"move it into such a folder, or write {root / LABELS}")
    return source.parent.name


def _person(pattern: str, below: str, where: str) -> str:
    if (found := re.search(pattern, below)) is None or not found[1]:
        what_to_do = "correct the pattern, or rename the file"
        raise CorpusError(where, f"a name that tasks.video.person, {pattern!r}, finds a person in", below, what_to_do)
    return found[1]


def _said_of_clips(file: Path) -> dict[str, tuple[str, str, str | None]]:
    """Of each clip of a table its place there, its label, and its person."""
    reader = csv.reader(read_text(file).splitlines())
    heads = [head.strip() for head in next(reader, [])]
    if tuple(heads) not in (HEADS, HEADS[:2]):
        raise CorpusError(
            f"{file}: line 1", f"columns {', '.join(HEADS[:2])}, and perhaps person", heads, "rename them"
        )
    found: dict[str, tuple[str, str, str | None]] = {}
    for cells in filter(any, reader):
        where = f"{file}: line {reader.line_num}"
        if len(cells) != len(heads) or not all(cell.strip() for cell in cells):
            raise CorpusError(where, f"{len(heads)} cells with something in them", cells, "correct the line")
        clip, label, *person = (cell.strip() for cell in cells)
        if clip in found or not (file.parent / clip).exists():
            rule = "each clip once, by its path from here"
            raise CorpusError(where, rule, clip, "correct the line, or take it out")
        found[clip.rstrip("/")] = (where, label, person[0] if person else None)
    return found


def prepared(frames: np.ndarray, params: VideoParams, where: str) -> np.ndarray:
    """What a network reads: with changes where they are asked for, and normalised over the clip."""
    if params.changes is not None:
        if frames.shape[1] % params.changes.dimensions:
            rule = f"channels of points of tasks.video.changes.dimensions, {params.changes.dimensions}"
            raise CorpusError(where, rule, frames.shape[1], "correct it, or name the others in columns.leave_out")
        frames = with_changes(frames, params.changes)
    if params.normalise:
        spread = frames.std(0)
        frames = (frames - frames.mean(0)) / np.where(spread > 0, spread, 1)
    return frames.astype(np.float32)


def with_changes(frames: np.ndarray, changes: ChangeParams) -> np.ndarray:
    """The frames, the change of each channel around them, and the speed of each point.

    >>> with_changes(np.array([[0.0, 0.0], [3.0, 4.0]]), ChangeParams(frames=1, dimensions=2)).tolist()
    [[0.0, 0.0, 3.0, 4.0, 5.0], [3.0, 4.0, 3.0, 4.0, 5.0]]
    """
    at, last = np.arange(len(frames)), len(frames) - 1
    change = frames[(at + changes.frames).clip(max=last)] - frames[(at - changes.frames).clip(min=0)]
    speed = np.linalg.norm(change.reshape(len(frames), -1, changes.dimensions), axis=2)
    return np.concatenate([frames, change, speed], axis=1)
