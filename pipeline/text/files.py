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

    Raises:
        CorpusError: where a folder cannot be listed, or holds what is no file and no folder of its own.
    """
    if path.is_file():
        return [path]
    found, folders = [], [path]
    while folders:
        for entry in _listed(folders.pop()):
            if entry.is_dir():
                folders.append(_own(entry))
            elif entry.suffix != ".dvc":
                found.append(_regular(entry))
    return sorted(found)


def _listed(folder: Path) -> list[Path]:
    with readable(str(folder)):
        return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]


def _own(folder: Path) -> Path:
    """The folder, unless it is a link: DVC does not look behind those, so a change there would go unnoticed."""
    if folder.is_symlink():
        rule = "corpus.path holds no link to a folder, which DVC does not watch"
        what_to_do = "put the folder itself there, or name it in corpus.path"
        raise CorpusError(str(folder), rule, f"a link to {folder.readlink()}", what_to_do)
    return folder


def _regular(file: Path) -> Path:
    """The file, unless it is there and is no file: a pipe would keep its reader waiting."""
    if file.exists() and not file.is_file():
        rule = "corpus.path holds files and folders"
        raise CorpusError(str(file), rule, "a pipe, socket or device", "take it out of corpus.path")
    return file


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
