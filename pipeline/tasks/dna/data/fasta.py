"""FASTA: an entry is a line with > and its name, and lines of bases."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from pipeline.base.errors import PipelineError
from pipeline.tasks.dna.data.bases import ids_of


def fasta_entries(lines: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    """The name and the bases of each entry; each line is checked, so that a wrong base is found where it is.

    Raises:
        PipelineError: at bases before the first name, at a name that is empty or comes twice, at what is no base, at
            an entry without bases.
    """
    name, begin, bases = "", "", []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        at = f"{where}: line {number}"
        if line.startswith(">"):
            following = _name(line, at, seen)
            if name:
                yield name, _joined(name, bases, begin)
            name, begin, bases = following, at, []
        elif line.strip():
            if not name:
                raise PipelineError(at, "a FASTA entry begins with > and its name", repr(line[:20]), "add that line")
            ids_of(line.strip(), at)
            bases.append(line.strip())
    if name:
        yield name, _joined(name, bases, begin)


def _joined(name: str, bases: Sequence[str], where: str) -> str:
    if not bases:
        raise PipelineError(where, f"{name} has bases", "none", "add them, or delete the entry")
    return "".join(bases)


def _name(line: str, where: str, seen: set[str]) -> str:
    name = (line[1:].split() or [""])[0]
    if not name or name in seen:
        rule = "each entry has a name of its own"
        raise PipelineError(where, rule, repr(name) if name else "none", "correct it")
    seen.add(name)
    return name


def named_sequences(lines: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    """The entries of FASTA; where the first line begins with no >, a sequence on each line, named by its number.

    >>> list(named_sequences(["acgt", "", "ttt"], "input"))
    [('sequence1', 'acgt'), ('sequence2', 'ttt')]
    """
    filled = ((number, line.strip()) for number, line in enumerate(lines, 1))
    first = next(((number, line) for number, line in filled if line), None)
    if first is None:
        return
    if first[1].startswith(">"):
        yield from fasta_entries(chain([""] * (first[0] - 1), [first[1]], (line for _, line in filled)), where)
        return
    for place, (number, line) in enumerate((each for each in chain([first], filled) if each[1]), 1):
        ids_of(line, f"{where}: line {number}")
        yield f"sequence{place}", line
