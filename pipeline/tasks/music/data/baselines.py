"""What scores without a network: n-grams of tokens, and for chords models of keys and of whole chords."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.music.data.chord_models import Chord, ChordBigram, Keys
from pipeline.tasks.music.data.scores import Nats, frame_measures, measure
from pipeline.tasks.music.params import MusicParams
from pipeline.tasks.source import Baseline
from pipeline.text.ngram import KneserNey

MAX_ORDER = 8
SHOWN = (1, 2, 3)
"""Orders, beside the best of all."""


def baselines(params: MusicParams, examples: Examples) -> list[Baseline]:
    """n-grams, whose conditions are left aside; of chords also what knows whole frames."""
    found = _ngrams(params, examples)
    return [*_chord_models(examples), *found] if params.format == "chords" else found


def _ngrams(params: MusicParams, examples: Examples) -> list[Baseline]:
    """Interpolated modified Kneser-Ney: a few orders, and the one that is best on the validation split."""
    assert examples.vocabulary is not None
    model = KneserNey.fit(
        np.concatenate(examples.splits["train"].targets), examples.vocabulary.size, MAX_ORDER, "units"
    )
    nats = {name: model.nats(np.concatenate(examples.splits[name].targets)) for name in ("validation", "test")}
    best = int(nats["validation"].mean(1).argmin()) + 1
    return [
        Baseline(
            f"{order}-gram",
            {
                name: measure(params, examples.splits[name], _pieces(of[order - 1], examples.splits[name]))
                for name, of in nats.items()
            },
        )
        for order in sorted({*SHOWN, best})
    ]


def _pieces(nats: Nats, split: Split) -> list[Nats]:
    """Of each piece, from all in a row."""
    return np.split(nats, np.cumsum(split.lengths)[:-1])


def _chord_models(examples: Examples) -> list[Baseline]:
    frames = {name: split.notes["chords"] for name, split in examples.splits.items()}
    models = {
        "each key by itself": Keys.fit(frames["train"], "marginal"),
        "the frame before": Keys.fit(frames["train"], "repeat"),
        "each key from itself before": Keys.fit(frames["train"], "markov"),
        "chord bigram": ChordBigram.fit(frames["train"]),
    }
    return [
        Baseline(name, {split: _frame_scores(frames[split], model.nats) for split in ("validation", "test")})
        for name, model in models.items()
    ]


def _frame_scores(pieces: Sequence[Sequence[Chord]], nats_of: Callable[[Sequence[Chord]], Nats]) -> dict[str, Measure]:
    nats = [nats_of(frames) for frames in pieces]
    return dict(frame_measures([(of.sum(), of[0], len(of)) for of in nats]))
