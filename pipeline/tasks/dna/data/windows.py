"""Windows of bases with a class each, from csv: the columns `sequence` and `label`, others are not read.

A sequence that is there several times is one example; where its labels differ its class is unknown, and it is left out.
The hash of its bases says its part, so that equal windows are never on both sides.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.base.errors import PipelineError
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.dna.data.bases import ids_of, letters, step_ids, vocabulary
from pipeline.tasks.dna.data.parts import WHERE, hashed_part
from pipeline.tasks.dna.params import DnaParams
from pipeline.text.files import files_of
from pipeline.tokens.batches import SPLITS

COLUMNS = ("sequence", "label")
Rows = Mapping[str, set[str]]
"""The labels of each sequence."""


def read_windows(path: Path, params: DnaParams) -> Examples:
    """The windows of a file, or of the files of a folder.

    Raises:
        PipelineError: where a file is wrong, a part is empty, or there are no two classes to learn.
    """
    rows: dict[str, dict[str, set[str]]] = {name: {} for name in SPLITS}
    for file in (file for file in files_of(path) if file.suffix.lower() == ".csv"):
        for sequence, label in _rows(file):
            rows[_part(sequence, file, params)].setdefault(sequence, set()).add(label)
    seen: set[str] = set()
    for name in SPLITS:
        rows[name] = {sequence: labels for sequence, labels in rows[name].items() if sequence not in seen}
        seen |= rows[name].keys()
    known = {name: _known(of) for name, of in rows.items()}
    classes = _classes(known)
    splits = {name: _split(of, classes, params) for name, of in known.items()}
    return Examples(splits, classes, vocabulary(params.kmer, params.period))


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(str(file), "text in UTF-8", error, "convert it") from None
    reader = csv.reader(text.splitlines())
    heads = [head.strip().lower() for head in next(reader, [])]
    if missing := [column for column in COLUMNS if column not in heads]:
        what_to_do = "name the columns in the first line"
        raise PipelineError(f"{file}: line 1", f"columns {' and '.join(COLUMNS)}", f"no {missing[0]}", what_to_do)
    at = [heads.index(column) for column in COLUMNS]
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield _row(cells, at, len(heads), f"{file}: line {reader.line_num}")


def _row(cells: Sequence[str], at: Sequence[int], width: int, where: str) -> tuple[str, str]:
    if len(cells) != width:
        raise PipelineError(where, f"{width} cells, as in the first line", len(cells), "correct it")
    sequence, label = (cells[i].strip() for i in at)
    if not sequence or not label:
        raise PipelineError(where, "bases and a label", "an empty cell", "fill it, or delete the line")
    return letters(ids_of(sequence, where)), label


def _part(sequence: str, file: Path, params: DnaParams) -> str:
    if params.split.method == "given":
        if file.stem not in SPLITS:
            rule = f"files named {', '.join(SPLITS)} for split.method given"
            raise PipelineError(str(file), rule, repr(file.stem), "rename it, or set another method")
        return file.stem
    assert params.split.method == "sequence", "DnaParams"
    return hashed_part(sequence, params.split.validation, params.split.test, params.split.seed)


def _known(rows: Rows) -> list[tuple[str, str]]:
    return [(sequence, label) for sequence, labels in rows.items() if len(labels) == 1 for label in labels]


def _classes(rows: Mapping[str, Sequence[tuple[str, str]]]) -> list[str]:
    """Those of the training part."""
    classes = sorted({label for _, label in rows["train"]})
    if len(classes) < 2:
        raise PipelineError(WHERE, "two classes or more in the training part", classes or "none", "give it more rows")
    for name in SPLITS:
        if not rows[name]:
            raise PipelineError(WHERE, f"windows in the {name} part", "none", "give it more rows, or correct the split")
        if new := sorted({label for _, label in rows[name]} - set(classes)):
            rule = f"classes of the {name} part that the training part has, too"
            raise PipelineError(WHERE, rule, new[0], "give it more rows, or correct the split")
    return classes


def _split(rows: Sequence[tuple[str, str]], classes: Sequence[str], params: DnaParams) -> Split:
    inputs = [step_ids(ids_of(sequence, ""), params.kmer, params.period) for sequence, _ in rows]
    targets = [np.array(classes.index(label)) for _, label in rows]
    return Split(inputs, targets, {"bases": [sequence for sequence, _ in rows]})
