"""What the examples look like."""

from fractions import Fraction

from matplotlib.figure import Figure

from pipeline.examples.sets import Examples
from pipeline.tasks.music.data.encoding import chords_of, tune_of
from pipeline.tasks.music.data.roll_figure import rolls_figure
from pipeline.tasks.music.data.tunes import Piece
from pipeline.tasks.music.params import MusicParams

SHOWN = 6
"""Pieces at most."""


def piano_rolls(params: MusicParams, examples: Examples) -> Figure:
    """The first training tune of each kind; of chords the first pieces."""
    train = examples.splits["train"]
    kinds = train.notes.get("kind", [str(i) for i in range(len(train))])
    first = {kind: i for i, kind in reversed(list(enumerate(kinds)))}
    shown = sorted(i for kind, i in first.items() if params.format == "chords" or kind in (examples.classes or [""]))
    pieces = [_piece(params, examples, i) for i in shown[:SHOWN]]
    return rolls_figure(pieces, Fraction(1, params.steps_per_beat))


def _piece(params: MusicParams, examples: Examples, i: int) -> tuple[str, Piece]:
    """A training piece as the network reads it, and its title."""
    assert examples.vocabulary is not None
    train = examples.splits["train"]
    tokens = [examples.vocabulary.token(token) for token in train.targets[i][:-1].tolist()]
    title = train.notes["title"][i]
    if params.format == "chords":
        return title, chords_of(tokens, title)
    tune = tune_of(tokens, title, train.notes["kind"][i])
    return ", ".join([tune.title, tune.kind, tune.key, tune.metre]), tune
