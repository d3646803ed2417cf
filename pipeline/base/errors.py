"""Errors that a user can fix. Anything else that is raised is a bug.

PipelineError            a user can fix it: one sentence, exit code 2
├── CorpusError          the text cannot be read, or is not what params.yaml says it is
├── ArtifactError        an input is missing, damaged, or does not fit its neighbours
├── BusyError            another process is at this work
├── TrackingError        the MLflow store cannot be used
├── DivergedError        the loss or its gradient is not finite any more (pipeline/training)
└── ProblemsError        several problems at once, one sentence a line
    ├── ParamsError      params.yaml holds wrong keys or values
    └── PairsError       a file of minimal pairs has malformed lines (pipeline/language)

HelperDoneError and RankFailedError pass between the processes of one stage, StoppedError through `unroll repro`; they
are no user's error:

HelperDoneError          a helper's part of the stage has ended
RankFailedError          a process of the stage has failed; holds its exit code and what it said (pipeline/stage)
StoppedError             a signal asks `unroll repro` to stop (pipeline/repro)
"""

import errno
import os
from collections.abc import Sequence

EXIT_OK = 0
EXIT_BUG = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class PipelineError(Exception):
    """`<where>: <rule> (got <value>); <what to do>`.

    >>> str(PipelineError("params.yaml: run.seeds", "at least one seed", [], "name one, for example [1]"))
    'params.yaml: run.seeds: at least one seed (got []); name one, for example [1]'
    """

    def __init__(self, where: str, rule: str, got: object, what_to_do: str) -> None:
        super().__init__(f"{where}: {rule} (got {got}); {what_to_do}")


class CorpusError(PipelineError):
    """The text cannot be read, or is not what params.yaml says it is."""


class ArtifactError(PipelineError):
    """An input is missing, damaged, or does not fit its neighbours."""


class BusyError(PipelineError):
    """Another process is at this work, which has its run in MLflow."""


class TrackingError(PipelineError):
    """The MLflow store cannot be used."""


class HelperDoneError(Exception):
    """A helper's part of the stage has ended; all the rest is rank 0's."""


class ProblemsError(PipelineError):
    """Several problems at once, each a sentence of the same frame, one a line.

    >>> str(ProblemsError(["a.txt: UTF-8 (got latin-1); convert it", "b.txt: text (got none); delete it"]))
    'a.txt: UTF-8 (got latin-1); convert it\\nb.txt: text (got none); delete it'
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class ParamsError(ProblemsError):
    """Every wrong key and value of params.yaml."""


_NO_ROOM = ("the disk takes all that is written", "free space there, and run the command again")
_NOT_WRITABLE = ("the disk can be written", "mount it writable, or work in a folder that is")
_NOT_OURS = ("open to the user who runs this", "correct its owner or its mode, or work in another folder")
_NO_SCRATCH = ("the disk takes temporary files", "free space there, or name another folder in TMPDIR")
_DISK = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: ("files may grow as large as they must", "raise the limit (`ulimit -f`), and run the command again"),
    errno.EROFS: _NOT_WRITABLE,
    errno.EACCES: _NOT_OURS,
    errno.EPERM: _NOT_OURS,
}


def disk_error(error: OSError) -> PipelineError | None:
    """The sentence for a disk that is full, read-only or closed to this user; None for any other trouble.

    A write into an open file names no path: then it is the disk of the folder that the command runs in, or of the
    temporary files. Where there is no room for those at all, Python says that a file is missing, and names none.

    >>> str(disk_error(OSError(errno.EROFS, "Read-only file system", "out")))
    'out: the disk can be written (got Read-only file system); mount it writable, or work in a folder that is'
    >>> disk_error(FileNotFoundError(errno.ENOENT, "No such file or directory", "data"))
    """
    if str(error.strerror).startswith("No usable temporary directory"):
        return PipelineError("temporary files", _NO_SCRATCH[0], error.strerror, _NO_SCRATCH[1])
    if error.errno not in _DISK:
        return None
    rule, what_to_do = _DISK[error.errno]
    where = error.filename or f"{os.getcwd()}, or the folder of temporary files"
    return PipelineError(str(where), rule, os.strerror(error.errno), what_to_do)


_TOO_LARGE = (
    "allocate memory",  # torch, of a CPU
    "out of memory",  # torch, of a GPU
    "bad_alloc",
    "size calculation overflowed",
    "array is too big",  # numpy, as the next
    "maximum allowed dimension exceeded",
    "too large to convert",  # Python, as the next
    "too big to convert",
    "cannot fit 'int'",
    "overflow when unpacking long",
)
"""How libraries that have no class for it say that something does not fit into memory, or into a size at all."""


def memory_error(error: Exception) -> PipelineError | None:
    """The sentence for sizes beyond this machine's memory; None for any other trouble.

    >>> str(memory_error(RuntimeError("can't allocate memory: you tried to allocate 99 bytes. Error code 12")))
    "memory: room for the sizes in params.yaml (got can't allocate memory: you tried to allocate 99 bytes); \
lower them, or use a machine with more"
    >>> memory_error(RuntimeError("shapes differ"))
    """
    said = str(error).partition("\n")[0]
    known = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    if not known and not any(words in said.lower() for words in _TOO_LARGE):
        return None
    got = said.partition("] err == 0. ")[2] or said  # torch begins with a line of its source
    return no_room("the sizes in params.yaml", got.partition(". ")[0] or type(error).__name__)


def no_room(what: str, got: str) -> PipelineError:
    """The sentence for something that memory does not hold."""
    return PipelineError("memory", f"room for {what}", got, "lower them, or use a machine with more")


def machine_error(error: Exception) -> PipelineError | None:
    """The sentence where the error is this machine's: its disk or its memory; None for any other trouble."""
    return memory_error(error) or (disk_error(error) if isinstance(error, OSError) else None)
