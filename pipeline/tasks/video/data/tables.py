"""Tables of a row a frame: csv with a header."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import CorpusError
from pipeline.tasks.video.params import FrameColumns
from pipeline.text.utf8 import read_text


@dataclass(frozen=True)
class Rows:
    """Rows of one clip."""

    frames: Float[np.ndarray, "T D"]
    labels: Sequence[str]
    """Of each row; none where the table has no such column."""
    lines: Sequence[int]
    clip: str
    """What the column of clips says; empty where there is none."""
    person: str | None


@dataclass(frozen=True)
class _Table:
    heads: Sequence[str]
    columns: FrameColumns
    where: str

    @property
    def channels(self) -> list[int]:
        """The columns that hold numbers."""
        named = {self.columns.label, self.columns.clip, self.columns.person, *self.columns.leave_out}
        return [i for i, head in enumerate(self.heads) if head not in named]

    def cell(self, cells: Sequence[str], column: str | None) -> str | None:
        """What a row has in a column; None where no column is named, or the table has none of this name."""
        return cells[self.heads.index(column)].strip() if column in self.heads else None


def rows_of(file: Path, columns: FrameColumns, needs_labels: bool) -> Iterator[Rows]:
    """The clips of a table, each a run of rows.

    Raises:
        CorpusError: with file and line, where something is wrong.
    """
    reader = csv.reader(read_text(file).splitlines())
    heads = [head.strip() for head in next(reader, [])]
    _check_heads(heads, columns, f"{file}: line 1", needs_labels)
    table, rows = _Table(heads, columns, str(file)), []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) != len(heads):
                rule = f"{len(heads)} cells, as in the first line"
                raise CorpusError(f"{file}: line {reader.line_num}", rule, len(cells), "correct the line")
            rows.append((reader.line_num, cells))
    if not rows:
        raise CorpusError(str(file), "a row a frame below the header", "none", "fill it, or take it out of the folder")
    for _, of_clip in groupby(rows, lambda row: table.cell(row[1], columns.clip)):
        yield _rows(table, list(of_clip))


def _check_heads(heads: Sequence[str], columns: FrameColumns, where: str, needs_labels: bool) -> None:
    wanted = {"clip": columns.clip, "person": columns.person} | ({"label": columns.label} if needs_labels else {})
    for key, column in wanted.items():
        if column is not None and column not in heads:
            rule = f"tasks.video.columns.{key} is one of {list(heads)}"
            raise CorpusError(where, rule, column, "name the right column")
    if len(set(heads)) < len(heads):
        raise CorpusError(where, "columns of different names", list(heads), "rename them")


def _rows(table: _Table, rows: Sequence[tuple[int, Sequence[str]]]) -> Rows:
    columns, (first_line, first) = table.columns, rows[0]
    frames = [
        [_number(cells[i], f"{table.where}: line {line}", table.heads[i]) for i in table.channels]
        for line, cells in rows
    ]
    labels = [table.cell(cells, columns.label) for _, cells in rows]
    for (line, _), label in zip(rows, labels, strict=True):
        if label == "":
            raise CorpusError(f"{table.where}: line {line}", f"{columns.label} holds a class", "nothing", "fill it")
    persons = {table.cell(cells, columns.person) for _, cells in rows}
    if len(persons) > 1:
        where, rule = f"{table.where}: line {first_line}", "a clip of one person"
        raise CorpusError(where, rule, sorted(map(str, persons)), "give each person clips of their own")
    kept = [label for label in labels if label is not None]
    clip = table.cell(first, columns.clip) or ""
    return Rows(np.array(frames, np.float32), kept, [line for line, _ in rows], clip, persons.pop() or None)


def _number(cell: str, where: str, column: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        what_to_do = "correct it, or name the column in tasks.video.columns.leave_out"
        raise CorpusError(where, f"{column} holds a finite number", repr(cell), what_to_do)
    return number
