"""Frames of folders of images, of video files, and of arrays."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError
from pipeline.tasks.video.params import ImageParams

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGES = (".png", ".jpg", ".jpeg")
VIDEOS = (".mp4", ".avi", ".mkv", ".mov", ".webm")
ARRAYS = ".npz"
WHITE = 255

Frames = Float[np.ndarray, "T D"]


def numbered(file: Path) -> list[int | str]:
    """What sorts names by the numbers in them.

    >>> [file.name for file in sorted([Path("f10.png"), Path("f9.png")], key=numbered)]
    ['f9.png', 'f10.png']
    """
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"([0-9]+)", file.name))]


def frames_of_folder(folder: Path, image: ImageParams) -> Frames:
    """The images of a folder, by their numbers.

    Raises:
        CorpusError: where one is damaged, or has another size than the first.
    """
    files = sorted((file for file in folder.iterdir() if file.suffix.lower() in IMAGES), key=numbered)
    return _scaled(_opened(files), image)


def _opened(files: Iterable[Path]) -> Iterator[tuple[str, "Image"]]:
    from PIL import Image

    for file in files:
        try:
            with Image.open(file) as opened:
                opened.load()
                yield str(file), opened
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise CorpusError(str(file), "an image that can be read", _said(error), "replace it") from None


def frames_of_video(file: Path, image: ImageParams) -> Frames:
    """The frames of the first video stream of a file.

    Raises:
        CorpusError: where the file is damaged, or the package av is not installed.
    """
    return _scaled(_decoded(file), image)


def _decoded(file: Path) -> Iterator[tuple[str, "Image"]]:
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        what_to_do = "install it with `pip install 'unroll[video]'`, or write the frames as images into a folder"
        raise CorpusError(str(file), "video files need the package av", "none", what_to_do) from None
    try:
        with av.open(str(file)) as container:
            for number, frame in enumerate(container.decode(video=0), start=1):
                yield f"{file}: frame {number}", frame.to_image()
    except (FFmpegError, IndexError) as error:
        raise CorpusError(str(file), "a video that can be read", _said(error), "replace it") from None


def _scaled(images: Iterable[tuple[str, "Image"]], params: ImageParams) -> Frames:
    """Shades of grey from 0 to 1, row by row, all of one size."""
    from PIL.Image import Resampling

    frames, size = [], None
    for where, image in images:
        size = size or image.size
        if image.size != size:
            got = " x ".join(map(str, image.size))
            rule = f"frames of the size of the clip's first, {size[0]} x {size[1]}"
            raise CorpusError(where, rule, got, "cut or scale it to that size")
        scaled = image.convert("L").resize((params.width, params.height), Resampling.BOX)
        frames.append(np.asarray(scaled, np.float32).ravel() / WHITE)
    return np.array(frames, np.float32).reshape(len(frames), params.height * params.width)


def frames_of_arrays(file: Path, image: ImageParams | None) -> tuple[Frames, Sequence[str]]:
    """The array `frames` of a .npz, (T, D) or (T, height, width), and its labels: `labels` (T), or none.

    Raises:
        CorpusError: where the file is damaged, or the arrays have other shapes.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise CorpusError(str(file), "a .npz file of arrays of numbers", _said(error), "write it again") from None
    frames, labels = found.get("frames", np.empty(0)), found.get("labels", np.empty(0))
    shape = "(T, D)" if image is None else f"(T, {image.height}, {image.width})"
    if frames.ndim != shape.count(",") + 1 or (image and frames.shape[1:] != (image.height, image.width)):
        raise CorpusError(str(file), f"an array `frames` of shape {shape}", frames.shape, "write it again")
    if frames.dtype.kind not in "biuf" or not np.isfinite(frames).all():
        raise CorpusError(str(file), "`frames` of finite numbers", frames.dtype, "write it again")
    if labels.size and labels.shape != (len(frames),):
        raise CorpusError(str(file), f"an array `labels` of shape ({len(frames)},)", labels.shape, "write it again")
    return frames.reshape(len(frames), -1).astype(np.float32), [str(label) for label in labels]


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
