"""Pairs of texts from files: tables with a pair in each row, or two aligned text files.

A table ends with .csv, .tsv, .jsonl (each also with .gz) or .parquet. Aligned text files are named alike but for their
ending, which says what they hold (`train.en` and `train.fr`, each also with .gz): line n of the one is the translation
of line n of the other. Lines that are blank in both are no pairs; a file of a third ending beside such two is another
language, and not read.
"""

from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from itertools import zip_longest
from pathlib import Path

from pipeline.base.errors import CorpusError
from pipeline.examples.pairs import Pair
from pipeline.examples.params import PairColumns
from pipeline.examples.splits import named_split
from pipeline.text.files import files_of, opened, readable
from pipeline.text.tables import READERS, table_rows, text_of
from pipeline.text.utf8 import check_text
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.units import normalize

File = Path | tuple[Path, Path]
"""A table, or two aligned text files."""


def pooled(path: Path, columns: PairColumns, task: str) -> list[Pair]:
    """The pairs of a table, or of all files of a folder, in NFC.

    Raises:
        CorpusError: with file and line, where something is wrong.
    """
    return [pair for file in _files(path, columns, task) for pair in _pairs(file, columns, task)]


def given(path: Path, columns: PairColumns, task: str) -> dict[str, list[Pair]]:
    """The same for each split: the name of each file says train, validation (val, dev) or test.

    Raises:
        CorpusError: where a split has no file, or a file no split; and as `pooled` does.
    """
    found: dict[str, list[Pair]] = {name: [] for name in SPLITS}
    for file in _files(path, columns, task):
        found[named_split(_first(file))] += _pairs(file, columns, task)
    if missing := [name for name in SPLITS if not found[name]]:
        rule, got = "split.method given needs files of train, validation and test", f"none of {missing}"
        raise CorpusError(str(path), rule, got, f"add them, or set tasks.{task}.split.method: hash")
    return found


def _first(file: File) -> Path:
    return file if isinstance(file, Path) else file[0]


def _files(path: Path, columns: PairColumns, task: str) -> list[File]:
    """The tables, and the text files two by two."""
    if not path.exists():
        where, what_to_do = f"params.yaml: tasks.{task}.path", "correct it, or fetch it with `dvc pull`"
        raise CorpusError(where, "a file or folder that is there", repr(str(path)), what_to_do)
    files = files_of(path)
    tables: list[File] = [file for file in files if _ending(file) in READERS]
    texts = [file for file in files if file not in tables]
    aligned = _aligned(texts, columns, task)
    if not tables and not aligned:
        rule = f"a table, or a folder with files *.{columns.source} and *.{columns.target}"
        raise CorpusError(str(path), rule, "none", f"put them there, or correct tasks.{task}.columns")
    return [*tables, *aligned]


def _aligned(files: Sequence[Path], columns: PairColumns, task: str) -> list[File]:
    """The text files of equal names with the one ending and the other."""
    by_name: dict[Path, dict[str, Path]] = {}
    for file in files:
        name = file.parent / file.name.removesuffix(".gz")
        by_name.setdefault(name.with_suffix(""), {})[name.suffix.removeprefix(".")] = file
    for name, found in by_name.items():
        there = [found[ending] for ending in (columns.source, columns.target) if ending in found]
        if len(there) < 2:
            missing = columns.target if there and columns.source in found else columns.source
            rule = f"beside it is the aligned file {name.name}.{missing}"
            what_to_do = f"add it, take this file out, or correct tasks.{task}.columns"
            raise CorpusError(str(there[0] if there else next(iter(found.values()))), rule, "none", what_to_do)
    return [(found[columns.source], found[columns.target]) for found in by_name.values()]


def _ending(file: Path) -> str:
    """That of a table may be followed by .gz, parquet's own may not.

    >>> _ending(Path("a.csv.gz")), _ending(Path("a.parquet.gz")), _ending(Path("train.en.gz"))
    ('.csv', '.gz', '.en')
    """
    packed = file.suffix == ".gz" and not file.stem.endswith(".parquet")
    return Path(file.stem).suffix if packed else file.suffix


def _pairs(file: File, columns: PairColumns, task: str) -> Iterator[Pair]:
    return _rows(file, columns, task) if isinstance(file, Path) else _lines(*file)


def _rows(file: Path, columns: PairColumns, task: str) -> Iterator[Pair]:
    key = f"tasks.{task}.columns"
    named = {f"{key}.source": columns.source, f"{key}.target": columns.target}
    for place, (source, target) in table_rows(file, _ending(file), named):
        where = f"{file}: {place}"
        source, target = text_of(where, columns.source, source), text_of(where, columns.target, target)
        yield Pair(_words(source, where), _words(target, where), where)


def _lines(source: Path, target: Path) -> Iterator[Pair]:
    """The pairs of two aligned files."""
    num_pairs = 0
    for number, (left, right) in enumerate(zip_longest(_lines_of(source), _lines_of(target)), start=1):
        if left is None or right is None:
            short, long = (source, target) if left is None else (target, source)
            rule = f"as many lines as {long}, line n the translation of its line n"
            raise CorpusError(
                str(short), rule, f"{number - 1:,}", f"add what is missing, from line {number} on at most"
            )
        if left.strip() or right.strip():
            num_pairs += 1
            words = [_words(text, f"{file}: line {number}") for text, file in ((left, source), (right, target))]
            yield Pair(words[0], words[1], f"{source}: line {number}")
    if not num_pairs:
        raise CorpusError(str(source), "a sentence a line", "none", "fill it, or take it out of the folder")


def _lines_of(file: Path) -> Iterator[str]:
    r"""Lines without their ends: `\n` or `\r\n` alone, so that no other character shifts one file against the other."""
    check_text(file)
    with readable(str(file)), TextIOWrapper(opened(file), encoding="utf-8-sig", newline="\n") as lines:
        for line in lines:
            yield line.removesuffix("\n").removesuffix("\r")


def _words(text: str, where: str) -> str:
    if not text.strip():
        raise CorpusError(where, "a sentence", repr(text), "write one, or take the pair out on both sides")
    return normalize(text).strip()
