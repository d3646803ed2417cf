"""Genomes with their genes from files: GenBank (.gb, .gbk), or FASTA with a GFF3 file of the same name beside it."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.base.errors import PipelineError
from pipeline.tasks.dna.data.bases import Ids, Labels, ids_of
from pipeline.tasks.dna.data.fasta import fasta_entries
from pipeline.tasks.dna.data.features import Span, labels_of
from pipeline.tasks.dna.data.gff import CodingPart, coding_parts
from pipeline.text.files import files_of

GENBANK = (".gb", ".gbk", ".gbff")
FASTA = (".fa", ".fasta", ".fna")
GFF = (".gff", ".gff3")


@dataclass(frozen=True)
class Genome:
    """A sequence with a label a base."""

    name: str
    ids: Ids
    labels: Labels
    where: str
    """Its file."""


def read_genomes(path: Path) -> list[Genome]:
    """All sequences of a file or of the files of a folder.

    Raises:
        PipelineError: where a file is wrong, or none is there.
    """
    if not path.exists():
        raise PipelineError(
            "params.yaml: tasks.dna.path", "a file or folder that is there", repr(str(path)), "correct it"
        )
    files = [file for file in files_of(path) if file.suffix.lower() in (*GENBANK, *FASTA)]
    genomes = [genome for file in files for genome in _genomes_of(file)]
    if not genomes:
        endings = ", ".join((*GENBANK, *FASTA))
        raise PipelineError(str(path), f"sequences in files that end with {endings}", "none", "put some there")
    return genomes


def _genomes_of(file: Path) -> Iterator[Genome]:
    found = _genbank(file) if file.suffix.lower() in GENBANK else _fasta(file)
    is_empty = True
    for genome in found:
        is_empty = False
        if not len(genome.ids):
            raise PipelineError(str(file), f"bases of {genome.name}", "none", "add them, or delete the entry")
        yield genome
    if is_empty:
        raise PipelineError(str(file), "at least one sequence", "none", "add one, or delete the file")


def _genbank(file: Path) -> Iterator[Genome]:
    from Bio import BiopythonParserWarning, SeqIO

    try:
        with warnings.catch_warnings(), file.open(encoding="utf-8-sig") as lines:
            warnings.simplefilter("ignore", BiopythonParserWarning)  # dates and headers that no label needs
            records = list(SeqIO.parse(lines, "genbank"))
    except Exception as error:  # Biopython has no class for what it cannot read
        raise _unreadable(file, "GenBank", error) from None
    for record in records:
        yield _labelled(file, record.id, _bases(file, record), _features(file, record))


def _bases(file: Path, record: Any) -> str:
    from Bio.Seq import UndefinedSequenceError

    try:
        return str(record.seq)
    except UndefinedSequenceError:
        what_to_do = "save the entry with its sequence (GenBank full)"
        raise PipelineError(str(file), f"bases of {record.id}", "an entry without ORIGIN", what_to_do) from None


def _features(file: Path, record: Any) -> list[list[Span]]:
    """Of each coding feature its parts, in the order of reading."""
    found = []
    for feature in record.features:
        if feature.type != "CDS":
            continue
        phase, spans = int(feature.qualifiers.get("codon_start", ["1"])[0]) - 1, []
        if feature.location is None:
            raise PipelineError(
                str(file), f"the places of each CDS of {record.id}", "one that cannot be read", "correct it"
            )
        for part in feature.location.parts:  # complement(join(a, b)): b comes first
            spans.append((int(part.start), int(part.end), part.strand or 1, phase))
            phase = (phase - (int(part.end) - int(part.start))) % 3
        found.append(spans)
    return found


def _fasta(file: Path) -> Iterator[Genome]:
    beside = [at for ending in GFF if (at := file.with_suffix(ending)).exists()]
    if len(beside) != 1:
        rule = f"one file {file.stem}.gff3 or {file.stem}.gff with its genes beside it"
        raise PipelineError(str(file), rule, len(beside), "add it, or delete one")
    parts = coding_parts(_text(beside[0]).splitlines(), str(beside[0]))
    sequences = dict(fasta_entries(_text(file).splitlines(), str(file)))
    if unknown := next((part for part in parts if part.sequence not in sequences), None):
        where, rule = f"{beside[0]}: line {unknown.line}", f"sequences that {file.name} has"
        raise PipelineError(where, rule, repr(unknown.sequence), "correct its name")
    for name, bases in sequences.items():
        own = [part for part in parts if part.sequence == name]
        _check_ends(own, len(bases), str(beside[0]))
        genes: dict[str, list[Span]] = {}
        for part in own:
            genes.setdefault(part.gene, []).append((part.start, part.end, part.strand, part.phase))
        yield _labelled(file, name, bases, list(genes.values()))


def _check_ends(parts: Sequence[CodingPart], length: int, where: str) -> None:
    if beyond := next((part for part in parts if part.end > length), None):
        rule = f"features within the {length} bases of {beyond.sequence}"
        raise PipelineError(f"{where}: line {beyond.line}", rule, f"an end at {beyond.end}", "correct it")


def _labelled(file: Path, name: str, bases: str, features: Sequence[Sequence[Span]]) -> Genome:
    ids = ids_of(bases, f"{file}: {name}")
    return Genome(name, ids, labels_of(len(ids), features), str(file))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(file, "text", error) from None


def _unreadable(file: Path, kind: str, error: Exception) -> PipelineError:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return PipelineError(str(file), f"a file of {kind} that can be read", what, "correct it")
