"""Attention maps: which tokens of the source each token of an answer looked at."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 2


def can_be_drawn(text: str) -> bool:
    """Whether the font of figures has all of a text's characters: it has Greek and Cyrillic, and no Chinese.

    >>> can_be_drawn("май 5"), can_be_drawn("5月")
    (True, False)
    """
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    known = FT2Font(findfont(FontProperties(family=["DejaVu Sans"]))).get_charmap()
    return all(ord(character) in known for character in text)


def attention_maps(maps: Sequence[Mapping[str, Any]]) -> "Figure":
    """A map for each of `maps`: tokens of the `source`, of the `answer`, and the `weights`, a row each of the answer's.

    Each row sums to 1; dark is much.
    """
    from matplotlib.figure import Figure

    num_rows = (len(maps) + COLUMNS - 1) // COLUMNS
    figure = Figure(figsize=(5.2 * COLUMNS, 3.6 * num_rows), layout="constrained")
    for number, of in enumerate(maps, start=1):
        axes = figure.add_subplot(num_rows, COLUMNS, number)
        axes.pcolormesh(of["weights"], cmap="Blues", vmin=0, vmax=1)
        axes.invert_yaxis()
        axes.set_xticks(*_ticks(of["source"]), rotation=0 if max(map(len, of["source"])) == 1 else 60)
        axes.set_yticks(*_ticks(of["answer"]))
        axes.tick_params(labelsize=8, length=0)
        axes.spines[:].set_visible(False)
    return figure


def _ticks(tokens: Sequence[str]) -> tuple[list[float], list[str]]:
    return [i + 0.5 for i in range(len(tokens))], [_shown(token) for token in tokens]


def _shown(token: str) -> str:
    r"""A token as a label: a space alone would not be seen, and between two dollars matplotlib reads a formula.

    >>> _shown(" "), _shown(" the"), _shown("$")
    ('␣', 'the', '\\$')
    """
    return token.strip().replace("$", r"\$") or "␣"
