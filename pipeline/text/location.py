"""Where the corpus lies: whether it is there, whether DVC watches it, and whether experiments and clones have it."""

import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.base.errors import CorpusError, PipelineError
from pipeline.text.files import files_of
from pipeline.text.params import CorpusParams

WHERE = "params.yaml: corpus.path"
SHOWN = 3
"""Files named in a sentence."""


def notes_on(corpus: CorpusParams) -> list[str]:
    """Sentences on what works here and not elsewhere.

    Raises:
        PipelineError: where it does not work here.
    """
    path = Path(corpus.path)
    _check_project(Path.cwd())
    check_location(path)
    note = left_behind(path) if corpus.source == "files" else None
    return [note] if note else []


def _check_project(folder: Path) -> None:
    if {"{", "}"} & set(str(folder)):
        rule, what_to_do = "the project's folder has no braces in its name", "rename it: DVC takes them for a format"
        raise PipelineError(str(folder), rule, folder.name, what_to_do)


def check_location(path: Path) -> None:
    """See that something is at `path`, and that DVC sees all of it change.

    Raises:
        CorpusError: where nothing is there, or DVC ignores some of it.
    """
    if not path.exists():
        what_to_do = "correct it, or fetch it with `dvc pull`"
        raise CorpusError(WHERE, "a file or folder that is there", repr(str(path)), what_to_do)
    if ignored := _ignored(path):
        what_to_do = "move them, or correct .dvcignore: DVC would not see that they change"
        raise CorpusError(WHERE, "texts that DVC does not ignore", _listed(ignored), what_to_do)


def left_behind(path: Path) -> str | None:
    """A sentence where clones and experiments in other folders would not have the text at `path`."""
    if path.is_absolute():
        got, what_to_do = f"got {str(path)!r}, outside the project", "copy it to data to take it along"
        return f"{WHERE}: clones and other machines have the text ({got}); {what_to_do}"
    in_git = _files_in_git()
    if in_git is None:  # experiments need Git
        return None
    missing = [file for file in files_of(path) if not _names(file) & in_git]
    if not missing:
        return None
    rule = "Git or DVC holds the text, so that clones and queued experiments have it"
    return f"{WHERE}: {rule} (got {_listed(missing)} in neither); {_what_to_do(path, missing, in_git)}"


def _ignored(path: Path) -> list[Path]:
    """The files of a folder of this project that are text, and that .dvcignore names."""
    if path.is_absolute() or not path.is_dir() or not Path(".dvc").is_dir():
        return []
    from dvc.repo import Repo

    with Repo(".") as repo:
        return [file for file in files_of(path) if repo.dvcignore.is_ignored_file(str(file.absolute()))]


def _files_in_git() -> set[str] | None:
    """What `git add` has taken, by its path from here; None without Git."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return None if listed.returncode else set(os.fsdecode(listed.stdout).split("\0"))


def _names(file: Path) -> set[str]:
    """The names under which Git has a file: its own, or that of DVC's pointer to it or to a folder around it.

    >>> sorted(_names(Path("data/a.txt")))
    ['data.dvc', 'data/a.txt', 'data/a.txt.dvc']
    """
    return {str(file), *(f"{place}.dvc" for place in (file, *file.parents[:-1]))}


def _what_to_do(path: Path, missing: Sequence[Path], in_git: set[str]) -> str:
    """The commands that give the text to DVC; it takes no folder whole in which a file is Git's."""
    is_shared = any(name.startswith(f"{path}/") for name in in_git)
    pieces = sorted({path / file.relative_to(path).parts[0] for file in missing}) if is_shared else [path]
    if len(pieces) > SHOWN:
        return "move them to a folder of their own, and run `dvc add` on it, `git add` on its pointer, and commit"
    pointers = dict.fromkeys(str(name) for piece in pieces for name in (f"{piece}.dvc", piece.parent / ".gitignore"))
    return f"run `dvc add {_words(pieces)}`, `git add {_words(pointers)}`, and commit"


def _words(names: Iterable[object]) -> str:
    return shlex.join(map(str, names))


def _listed(files: Sequence[Path]) -> str:
    shown = ", ".join(repr(str(file)) for file in files[:SHOWN])
    return shown if len(files) <= SHOWN else f"{shown} and {len(files) - SHOWN} more"
