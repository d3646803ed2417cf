"""What a report is made of: chapters of parts, parts of blocks, each in the order in which it is read.

A block says what there is to read, not how. For every kind, templates/blocks.html.j2 and blocks.md.j2 have a macro of
its name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cells = Sequence[str]


@dataclass(frozen=True)
class Heading:
    """Of the blocks up to the next one."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """What was measured, or what comes out."""

    text: str
    formulas: str = ""
    """The section of docs/gradients.md that has the formulas and their sources."""


@dataclass(frozen=True)
class Verdict:
    """What to remember of a part, made from its numbers."""

    text: str


@dataclass(frozen=True)
class Terms:
    """What words mean."""

    meanings: Mapping[str, str]


@dataclass(frozen=True)
class Findings:
    """Where measures disagree: of which network, and what; never left out."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Quotation:
    """Text as it is, of a network or of the corpus, under a line that says what it is."""

    about: str
    text: str


@dataclass(frozen=True)
class Piece:
    """Of a text, marked or not."""

    text: str
    label: str = ""
    """What it is said to be; empty of text between marks."""
    is_right: bool = True


@dataclass(frozen=True)
class MarkedText:
    """Lines of text with marks in it, coloured by whether they are right, under a line that says what they are."""

    about: str
    lines: Sequence[Sequence[Piece]]

    @property
    def text(self) -> str:
        """The same without colours: marks in brackets, those that are wrong with an exclamation mark.

        >>> MarkedText("", [[Piece("Close "), Piece("it", "name", is_right=False), Piece(".")]]).text
        'Close [!name it].'
        """
        return "\n".join("".join(map(_plain, pieces)) for pieces in self.lines)


def _plain(piece: Piece) -> str:
    return f"[{'' if piece.is_right else '!'}{piece.label} {piece.text}]" if piece.label else piece.text


@dataclass(frozen=True)
class Sound:
    """Something to hear, under a line that says what it is."""

    about: str
    wav: bytes


@dataclass(frozen=True)
class Picture:
    """A figure, with all that is said of it."""

    name: str
    """Of its files, without the ending."""
    title: str
    alt: str
    """For who cannot see it: what it shows, and what follows."""
    caption: str
    draw: Callable[[], "Figure"]


@dataclass(frozen=True)
class Row:
    """Cells as they are shown, the name first."""

    cells: Cells
    kind: str = ""
    """Of what: `network`, `cloze`, `mixture`, `n-gram`, `compressor`; empty where the rows of a table are all alike."""
    badge: str = ""
    """Beside the name of a row that stands out."""


@dataclass(frozen=True)
class Group:
    """Columns with a head of their own above their heads."""

    title: str
    heads: Cells


@dataclass(frozen=True)
class Table:
    """Units stand in the heads."""

    heads: Cells
    rows: Sequence[Row]
    names: int = 1
    """Columns from the left that hold words; the others hold numbers."""
    note: str = ""
    groups: Sequence[Group] = ()
    """Of the last columns, for a page that has room for two lines of heads; `heads` says the same in one."""
    wrapped: bool = True
    """Whether heads are sentences, which take several lines."""

    @property
    def ungrouped(self) -> Cells:
        """The heads of the columns before the groups."""
        return self.heads[: len(self.heads) - sum(len(group.heads) for group in self.groups)]


Block = Heading | Paragraph | Verdict | Terms | Findings | Quotation | MarkedText | Sound | Picture | Table


@dataclass(frozen=True)
class Part:
    """Blocks on one question."""

    title: str
    """Empty where a chapter has one part."""
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Chapter:
    """Parts on one subject."""

    name: str
    """Of its anchor."""
    title: str
    parts: Sequence[Part]
    contents: str = ""
    """Its title in the table of contents, where that is another."""
    summary: str = ""
    """Its verdict, which the report begins with."""


@dataclass(frozen=True)
class Report:
    """What was compared, and the chapters on it."""

    lead: str
    chapters: Sequence[Chapter]

    @property
    def pictures(self) -> list[Picture]:
        """All figures."""
        blocks = (block for chapter in self.chapters for part in chapter.parts for block in part.blocks)
        return [block for block in blocks if isinstance(block, Picture)]
