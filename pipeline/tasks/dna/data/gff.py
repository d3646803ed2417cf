"""GFF3, read and written: a line a feature, nine columns between tabs, places counted from 1, both ends included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from pipeline.base.errors import PipelineError

HEADER = "##gff-version 3"
COLUMNS = 9


@dataclass(frozen=True)
class CodingPart:
    """The part of an exon that codes."""

    sequence: str
    start: int
    """Counted from 0."""
    end: int
    """Behind the last base."""
    strand: int
    """1 or -1."""
    phase: int
    """Bases before the first whole codon, in the order of reading."""
    gene: str
    """What parts of one coding feature have in common."""
    line: int

    @property
    def sign(self) -> str:
        """+ or -."""
        return "+" if self.strand == 1 else "-"


def coding_parts(lines: Iterable[str], where: str) -> list[CodingPart]:
    """The features of type CDS; what follows `##FASTA` is not read.

    Raises:
        PipelineError: where a line is not GFF3.
    """
    parts = []
    for number, line in enumerate(lines, 1):
        if line.startswith("##FASTA"):
            break
        if not line.strip() or line.startswith("#"):
            continue
        part = _coding_part(line.rstrip("\r\n").split("\t"), f"{where}: line {number}", number)
        parts += [part] if part else []
    return parts


def _coding_part(columns: Sequence[str], where: str, line: int) -> CodingPart | None:
    if len(columns) != COLUMNS:
        what_to_do = "separate them by tabs, and write . for an empty one"
        raise PipelineError(where, f"{COLUMNS} columns of GFF3", len(columns), what_to_do)
    sequence, _, kind, start, end, _, strand, phase, attributes = columns
    if kind != "CDS":
        return None
    if not (start.isdecimal() and end.isdecimal() and 1 <= int(start) <= int(end)):
        rule = "start and end of a feature are counted from 1, the end not before the start"
        raise PipelineError(where, rule, f"{start} and {end}", "correct them")
    if strand not in ("+", "-"):
        raise PipelineError(where, "a CDS has strand + or -", repr(strand), "correct it")
    if phase not in ("0", "1", "2"):
        raise PipelineError(where, "a CDS has phase 0, 1 or 2", repr(phase), "correct it")
    of = {key: value for key, _, value in (pair.strip().partition("=") for pair in attributes.split(";"))}
    gene = of.get("ID") or of.get("Parent") or f"line {line}"
    return CodingPart(unquote(sequence), int(start) - 1, int(end), 1 if strand == "+" else -1, int(phase), gene, line)


def feature_line(part: CodingPart, score: float) -> str:
    """A line of GFF3; characters that the format keeps for itself are escaped.

    >>> feature_line(CodingPart("chr 1", 0, 9, -1, 0, "cds1", 1), 0.98765).split()
    ['chr%201', 'unroll', 'CDS', '1', '9', '0.9877', '-', '0', 'ID=cds1']
    """
    columns = [_escaped(part.sequence), "unroll", "CDS", part.start + 1, part.end, f"{score:.4f}"]
    return "\t".join(map(str, [*columns, part.sign, part.phase, f"ID={_escaped(part.gene)}"]))


def region_line(name: str, length: int) -> str:
    """The line that says how long a sequence is."""
    return f"##sequence-region {_escaped(name)} 1 {length}"


def _escaped(name: str) -> str:
    return quote(name, safe=".:^*$@!+_?-|")
