"""Music from files: ABC and MIDI as tunes, MIDI, JSON and .mat as chords.

The kind of a tune is what its file says (R: of ABC), or the folder that it lies in below `path`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.abc import tune_of_lines, tunes_in
from pipeline.tasks.music.data.midi import chords_of_midi, tune_of_midi
from pipeline.tasks.music.data.rolls import chords_of_rolls
from pipeline.tasks.music.data.tunes import Piece, Tune
from pipeline.tasks.music.params import MusicParams
from pipeline.text.files import files_of
from pipeline.text.utf8 import check_text
from pipeline.tokens.batches import SPLITS

ENDINGS: Mapping[str, Sequence[str]] = {
    "tunes": (".abc", ".mid", ".midi"),
    "chords": (".mid", ".midi", ".json", ".mat"),
}
ROLLS = (".json", ".mat")
"""Of files that have splits of their own."""


def pooled(params: MusicParams) -> list[Piece]:
    """All pieces of a file or a folder, by the names of files.

    Raises:
        CorpusError: where a file is wrong, with its line; where there is none.
    """
    path, files = _files(params)
    return [piece for file in files for pieces in _read(params, file, path).values() for piece in pieces]


def given(params: MusicParams) -> dict[str, list[Piece]]:
    """The same for each split: as files of piano rolls say, or as files or folders are named, train.* and so on.

    Raises:
        CorpusError: where a split has no piece, or a file is of no split; and as `pooled` does.
    """
    path, files = _files(params)
    if len(files) == 1 and ending_of(files[0]) in ROLLS:
        return _complete(_read(params, files[0], path), path)
    found: dict[str, list[Piece]] = {name: [] for name in SPLITS}
    for file in files:
        name = file.relative_to(path).parts[0].split(".")[0] if path.is_dir() else ""
        if name not in found or ending_of(file) in ROLLS:
            rule = "split.method given needs a file of rolls with splits, or train.*, validation.*, test.*"
            raise CorpusError(str(file), rule, file.name, "rename it, or set tasks.music.split.method: hash")
        found[name] += _read(params, file, path / file.relative_to(path).parts[0])[""]
    return _complete(found, path)


def _complete(found: dict[str, list[Piece]], path: Path) -> dict[str, list[Piece]]:
    if not all(found.values()):
        counts = {name: len(pieces) for name, pieces in found.items()}
        raise CorpusError(str(path), "each split has a piece", counts, "add some, or set split.method: hash")
    return found


def _files(params: MusicParams) -> tuple[Path, list[Path]]:
    path = Path(str(params.path))
    if not path.exists():
        where, what_to_do = "params.yaml: tasks.music.path", "correct it, or fetch it with `dvc pull`"
        raise CorpusError(where, "a file or folder that is there", repr(str(path)), what_to_do)
    if not (files := files_of(path)):
        raise CorpusError(str(path), "a folder with files", "none", "put music there, or set tasks.music.path")
    return path, files


def _read(params: MusicParams, file: Path, folder: Path) -> dict[str, list[Piece]]:
    """The pieces of a file by its own splits; under an empty name where it has none."""
    endings = ENDINGS[params.format]
    ending = ending_of(file)
    if ending not in endings:
        what_to_do = "take it out of the folder, or set tasks.music.format"
        raise CorpusError(str(file), f"a file of {params.format} ({', '.join(endings)})", file.name, what_to_do)
    if ending in ROLLS:
        return {name: list(pieces) for name, pieces in chords_of_rolls(file).items()}
    kind = file.parent.name.lower() if file.parent not in (folder, folder.parent) else ""
    return {"": READERS[params.format, ending == ".abc"](params, file, kind)}


def ending_of(file: Path) -> str:
    """
    >>> ending_of(Path("A.MID"))
    '.mid'
    """
    return file.suffix.lower()


def abc_tunes(file: Path, kind: str = "") -> list[Tune]:
    """The tunes of an ABC file.

    Raises:
        CorpusError: where it is none; with its line.
    """
    check_text(file)
    text = file.read_text(encoding="utf-8-sig")
    tunes = [tune_of_lines(lines, str(file)) for lines in tunes_in(text, str(file))]
    return [replace(tune, kind=tune.kind or kind) for tune in tunes]


READERS: Mapping[tuple[str, bool], Callable[[MusicParams, Path, str], list[Piece]]] = {
    ("tunes", True): lambda params, file, kind: list(abc_tunes(file, kind)),
    ("tunes", False): lambda params, file, kind: [tune_of_midi(file, params.steps_per_beat, kind)],
    ("chords", False): lambda params, file, kind: [chords_of_midi(file, params.steps_per_beat)],
}
