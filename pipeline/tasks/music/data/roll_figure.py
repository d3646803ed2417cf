"""Piano rolls: pitch over time, a bar a note."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from pipeline.figures import FAINT_LINE, PALETTE, panels
from pipeline.tasks.music.data.formats import played
from pipeline.tasks.music.data.keys import scale_of
from pipeline.tasks.music.data.played import PlayedNote, length_of
from pipeline.tasks.music.data.tunes import Piece, Tune

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST = Fraction(64)
"""Quarter notes that are shown: sixteen bars of four."""


def rolls_figure(pieces: Sequence[tuple[str, Piece]], a_frame: Fraction) -> "Figure":
    """A roll for each piece, one below the other, with its title."""
    figure, _ = panels(0, 9.0, 1.9 * len(pieces))
    for i, (title, piece) in enumerate(pieces):
        axes = figure.add_subplot(len(pieces), 1, i + 1)
        axes.spines[["top", "right"]].set_visible(False)
        draw_roll(axes, piece, a_frame)
        axes.set_title(title, loc="left", fontsize=9)
    figure.axes[-1].set_xlabel("quarter notes")
    return figure


def draw_roll(axes: "Axes", piece: Piece, a_frame: Fraction) -> None:
    """The notes of a piece, those that its key does not have in another colour, and a line at the end of each bar."""
    notes, scale = played(piece, a_frame), scale_of(piece.key) if isinstance(piece, Tune) else frozenset(range(12))
    axes.hlines(
        [note.pitch for note in notes],
        [float(note.start) for note in notes],
        [float(note.stop) - 0.06 for note in notes],  # a gap, so that a note struck twice is two
        colors=[PALETTE[0] if note.pitch % 12 in scale else PALETTE[1] for note in notes],
        linewidth=3,
    )
    if isinstance(piece, Tune):
        for end in accumulate(sum(float(note.beats) for note in bar) for bar in piece.bars):
            axes.axvline(end, **FAINT_LINE)
    axes.set(xlim=(0, float(min(LONGEST, _end(notes)))), ylabel="MIDI pitch")


def _end(notes: Sequence[PlayedNote]) -> Fraction:
    """At least one beat, so that a piece without notes has an axis."""
    return max(length_of(notes), Fraction(1))
