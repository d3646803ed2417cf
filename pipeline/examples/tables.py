"""Labelled texts from files: tables with a text and a label in each row, or plain text with one file a class.

A table ends with .csv, .tsv, .jsonl (each also with .gz) or .parquet. Any other file holds a text a line, all of one
class, which its name says: `positive.txt` is named like its class, and so do `reviews.pos` and `reviews.neg` end, which
share all before. Blank lines are no texts. Labels have no white space around them.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.examples.params import LabelColumns
from pipeline.examples.texts import Labelled
from pipeline.text.files import files_of, opened, readable
from pipeline.text.tables import READERS, table_rows, text_of
from pipeline.text.utf8 import check_text
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.units import normalize

SHOWN = 10
"""Names of files in an error."""


def pooled(path: Path, columns: LabelColumns | None, task: str) -> list[Labelled]:
    """The labelled texts of a file, or of all files of a folder, in NFC.

    Raises:
        CorpusError: with file and line, where something is wrong.
    """
    return list(_labelled(_files(path, task), columns, task))


def given(path: Path, columns: LabelColumns | None, task: str) -> dict[str, list[Labelled]]:
    """The same for each split of a folder: its files or folders are named train.*, validation.*, test.*.

    Raises:
        CorpusError: where a split has no file, or a file no split; and as `pooled` does.
    """
    files = _files(path, task)
    names = {file: file.relative_to(path).parts[0].split(".")[0] for file in files} if path.is_dir() else {}
    if set(names.values()) != set(SPLITS):
        rule = "split.method given needs a folder with train.*, validation.*, test.* and nothing else"
        raise CorpusError(str(path), rule, _listed(files), f"rename them, or set tasks.{task}.split.method: hash")
    return {name: list(_labelled([f for f in files if names[f] == name], columns, task)) for name in SPLITS}


def _files(path: Path, task: str) -> list[Path]:
    if not path.exists():
        where, what_to_do = f"params.yaml: tasks.{task}.path", "correct it, or fetch it with `dvc pull`"
        raise CorpusError(where, "a file or folder that is there", repr(str(path)), what_to_do)
    if not (files := files_of(path)):
        raise CorpusError(
            str(path), "a folder with files", "none", f"put labelled texts there, or set tasks.{task}.path"
        )
    return files


def _labelled(files: Sequence[Path], columns: LabelColumns | None, task: str) -> Iterator[Labelled]:
    for file in files:
        ending = _ending(file)
        if ending in READERS and not file.name.endswith(".parquet.gz"):
            yield from _rows(file, ending, columns, task)
        else:
            yield from _lines(file, _class_of(file, ending, files), columns, task)


def _ending(file: Path) -> str:
    return Path(file.stem).suffix if file.suffix == ".gz" else file.suffix


def _rows(file: Path, ending: str, columns: LabelColumns | None, task: str) -> Iterator[Labelled]:
    key = f"tasks.{task}.columns"
    if columns is None:
        raise CorpusError(str(file), f"{key} names the columns of a table", None, "set it, as {text: ..., label: ...}")
    named = {f"{key}.text": columns.text, f"{key}.label": columns.label}
    for place, (text, label) in table_rows(file, ending, named):
        where = f"{file}: {place}"
        yield Labelled(_words(text_of(where, columns.text, text), where), _label(label, where, columns.label), where)


def _words(text: str, where: str) -> str:
    if not text.strip():
        raise CorpusError(where, "a text with a word", repr(text), "write one, or take the row out")
    return normalize(text)


def _label(value: object, where: str, column: str) -> str:
    """A label as text: numbers of classes, as JSON and parquet hold them, too.

    >>> _label(" pos ", "", "label"), _label(1.0, "", "label"), _label(True, "", "label")
    ('pos', '1', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and math.isfinite(value) and value == int(value):
        return str(int(value))
    label = normalize(text_of(where, column, value)).strip()
    if not label or not label.isprintable():
        raise CorpusError(where, f"{column} holds the name of a class, on one line", repr(value), "correct the row")
    return label


def _class_of(file: Path, ending: str, files: Sequence[Path]) -> str:
    """The class of a file of plain text."""
    stem = file.name.removesuffix(".gz").removesuffix(ending)
    name = stem if ending == ".txt" else ending.removeprefix(".")
    alike = [other for other in files if other.parent == file.parent and other.name.startswith(f"{stem}.")]
    if name in SPLITS or not name or (ending != ".txt" and len(alike) < 2):
        rule = (
            "a table (.csv, .tsv, .jsonl, .parquet), or lines of the class that the name says (CLASS.txt, NAME.CLASS)"
        )
        raise CorpusError(str(file), rule, file.name, "rename it, or take it out of the folder")
    return name


def _lines(file: Path, label: str, columns: LabelColumns | None, task: str) -> Iterator[Labelled]:
    if columns is not None:
        what_to_do = f"set tasks.{task}.columns to null"
        raise CorpusError(str(file), "plain text has no columns", f"{columns.text} and {columns.label}", what_to_do)
    check_text(file)
    number_of_texts = 0
    with readable(str(file)), TextIOWrapper(opened(file), encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                number_of_texts += 1
                yield Labelled(normalize(line.removesuffix("\n")), label, f"{file}: line {number}")
    if not number_of_texts:
        raise CorpusError(str(file), "a text a line", "none", "fill it, or take it out of the folder")


def _listed(files: Sequence[Path]) -> str:
    shown = Counter(file.name for file in files)
    return ", ".join(list(shown)[:SHOWN]) + (" and more" if len(shown) > SHOWN else "")
