"""The levels beside each other: what cutting the text does to it, and what a character costs."""

from pipeline.report import words
from pipeline.report.collect import Results
from pipeline.report.formats import number
from pipeline.report.parts import Group, Paragraph, Part, Row, Table
from pipeline.report.tables import CostRow, LevelRow, costs_compared, levels_compared

BITS = "bits per character"
COST = "multiply-adds per character"


def part(results: Results) -> Part:
    """Two tables: the text, and the models."""
    about = [Paragraph(words.against(results)), levels(results), Paragraph(words.costs(results)), costs(results)]
    return Part("", about)


def levels(results: Results) -> Table:
    """Sequence length, unknown rate and vocabulary size of each level."""
    per_unit = f"tokens per {results.corpus['unit']}"
    heads = ["level", "vocabulary", "training tokens", per_unit, "characters per token", "unknown in test"]
    return Table(heads, [_level(row) for row in levels_compared(results)], wrapped=False)


def _level(row: LevelRow) -> Row:
    sizes = [f"{row.vocabulary_size:,}", f"{row.tokens:,}", f"{row.tokens_per_unit:.1f}", f"{row.chars_per_token:.2f}"]
    return Row([row.level, *sizes, f"{100 * row.unknown_rate:.2f} %"])


def costs(results: Results) -> Table:
    """Bits and multiply-adds per character of each language model at each level."""
    names = [level.level for level in results.levels]
    heads = ["model", *(f"{BITS}, {name}" for name in names), *(f"{COST}, {name}" for name in names)]
    groups = [Group(f"{BITS}, test", names), Group(COST, names)]
    rows = [_cost(row, names) for row in costs_compared(results)]
    return Table(heads, rows, groups=groups, wrapped=False)


def _cost(row: CostRow, levels: list[str]) -> Row:
    bits = [number(row.bits_per_char[level]) for level in levels]
    return Row([row.model, *bits, *(f"{row.multiply_adds_per_char[level]:,.0f}" for level in levels)], "network")
