"""How every figure looks and is saved: one palette, plain axes, equal bytes for equal figures.

Not in `base`, which every stage depends on: another colour must not train anything again. Matplotlib is imported where
something is drawn, for it takes half a second.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito (2008), told apart by colour-blind readers; without yellow and black, which one theme would hide."""
INK = "#1b1f24"
GREY = "#808080"
FAINT_LINE: dict[str, Any] = {"color": "0.75", "linewidth": 0.8, "zorder": 0}
"""Of a value to compare with, behind the curves."""
LOWEST_GRADIENT = 1e-12
"""An axis of gradients ends here at the latest: what is below is gone for any optimiser."""
_THEMES = f"<style>svg{{color:{INK}}}@media(prefers-color-scheme:dark){{svg{{color:#e6e9ee}}}}</style>"


def panels(number: int, width: int | float, height: int | float) -> tuple["Figure", list["Axes"]]:
    """A figure of blank axes side by side, without pyplot; sizes in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(1, number, i + 1) for i in range(number)]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes


def log_gradients(axes: "Axes") -> None:
    """Let gradients be read on a logarithmic axis."""
    axes.set_yscale("log")
    axes.set_ylim(bottom=max(axes.get_ylim()[0], LOWEST_GRADIENT))


def save_png(figure: "Figure", path: Path, dpi: int) -> None:
    """Write a figure on white; no version and no date stands in the file."""
    figure.savefig(path, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})


def save_svg(figure: "Figure", path: Path) -> None:
    """Write a figure without a ground, whose ink is dark or light as the reader's theme wants it."""
    from matplotlib import rc_context

    file = io.StringIO()
    with rc_context({"svg.hashsalt": "unroll"}):  # ids made from the content
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    head, root, rest = file.getvalue().replace(INK, "currentColor").partition("<defs>")
    path.write_text(head + _THEMES + root + rest, encoding="utf-8")
