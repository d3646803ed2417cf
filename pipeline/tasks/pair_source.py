"""The source of a task that translates: dates, or pairs of texts from files."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.examples.pair_files import given, pooled
from pipeline.examples.pair_splits import Dealt, as_given, by_hash
from pipeline.examples.pairs import pair_examples
from pipeline.examples.sets import Examples, Split
from pipeline.figures import PALETTE, panels
from pipeline.tasks.dates import date_pairs
from pipeline.tasks.pair_baselines import pair_baselines
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.source import Source
from pipeline.text.params import GivenSplit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def pair_source(task: str) -> Source[PairParams]:
    """The source of the task that has this name in params.yaml."""

    def read(params: PairParams) -> Examples:
        splits, counts = _dealt(params, task)
        return pair_examples(splits, params.source, params.target, task, counts)

    return Source(read, pair_baselines, pairs_figure)


def _dealt(params: PairParams, task: str) -> Dealt:
    if params.path is None:
        assert not isinstance(params.split, GivenSplit), "PairParams"
        return date_pairs(params.pairs, params.split), {}
    assert params.columns is not None, "PairParams"
    if isinstance(params.split, GivenSplit):
        return as_given(given(Path(params.path), params.columns, task))
    return by_hash(pooled(Path(params.path), params.columns, task), params.split, task)


def pairs_figure(params: PairParams, examples: Examples) -> "Figure":
    """Lengths in the training split; the formats of the test split, or how both lengths go together."""
    train, test = examples.splits["train"], examples.splits["test"]
    figure, (left, right) = panels(2, 10.0, 5.6)
    sides = {"source": train.lengths, "target": [len(ids) - 1 for ids in train.targets]}
    edges = np.linspace(0.5, max(map(max, sides.values())) + 0.5, 31)
    for (name, lengths), color in zip(sides.items(), PALETTE, strict=False):
        left.hist(lengths, bins=edges.tolist(), color=color, alpha=0.6, label=name)
    left.set(xlabel="tokens", ylabel="training pairs")
    left.legend(frameon=False)
    _formats(test, right) if "format" in test.notes else _both(sides["source"], sides["target"], right)
    return figure


def _formats(test: Split, axes: "Axes") -> None:
    """Test pairs of each format, in the order of their languages."""
    counts = Counter(zip(test.notes["format"], test.notes["seen"], strict=True))
    bars = sorted(counts, reverse=True)
    axes.barh([name for name, _ in bars], [counts[bar] for bar in bars], color=[PALETTE[not seen] for _, seen in bars])
    axes.tick_params(axis="y", labelsize="x-small")
    axes.set(xlabel="test pairs")
    axes.set_title("formats (orange: not in training)", loc="left", fontsize="medium")


def _both(sources: list[int], targets: list[int], axes: "Axes") -> None:
    axes.scatter(sources, targets, s=4, alpha=0.2, color=PALETTE[0], linewidths=0)
    axes.set(xlabel="tokens of the source", ylabel="tokens of the target")
