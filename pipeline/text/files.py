"""Which files hold the text, and their bytes."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

import pyarrow as pa

from pipeline.base.errors import CorpusError, PipelineError, disk_error


def files_of(path: Path) -> list[Path]:
    """The file itself, or the files below a folder by name: hidden ones and DVC's pointers (*.dvc) are not text.

    A link that leads nowhere is among them, so that what reads it can say so.
    """
    if path.is_file():
        return [path]
    found = (file for file in path.rglob("*") if file.is_file() or not file.exists())
    below = sorted(file for file in found if file.suffix != ".dvc")
    return [file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts)]


def opened(file: Path) -> BufferedReader | gzip.GzipFile:
    """The bytes of a file, unpacked where it ends with .gz."""
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


@contextmanager
def readable(where: str, *others: type[Exception]) -> Iterator[None]:
    """What goes wrong while a text set is read, these other exceptions too, is a PipelineError."""
    try:
        yield
    except (pa.ArrowException, ValueError, OSError, *others) as error:
        raise _unreadable(where, error) from None


def _unreadable(where: str, error: Exception) -> PipelineError:
    """The disk may be to blame: a set of the hub is written before it is read."""
    of_disk = disk_error(error) if isinstance(error, OSError) else None
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return of_disk or CorpusError(where, "a text set that can be read", what, "correct it, or correct corpus")
