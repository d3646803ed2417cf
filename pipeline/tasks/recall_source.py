"""What sources share whose tasks ask for something at a known distance: the scores known in advance, and a figure."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples
from pipeline.figures import PALETTE, panels
from pipeline.tasks.params import DrawnParams
from pipeline.tasks.source import Baseline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def known_scores(unit: str, cost: float, accuracy: float) -> list[Baseline]:
    """The best possible scores of an answer: with memory it is right and costs nothing; without memory it is a guess.

    Args:
        cost: of the best guess, in `unit`.
        accuracy: of the best guess.
    """
    return [
        Baseline("with memory", _exact({"accuracy": 1.0, unit: 0.0}), "optimum"),
        Baseline("without memory", _exact({"accuracy": accuracy, unit: cost})),
    ]


def _exact(scores: Mapping[str, float]) -> dict[str, dict[str, Measure]]:
    measures = {name: Measure(value, value, value) for name, value in scores.items()}
    return {"validation": measures, "test": measures}


def distances_figure(params: DrawnParams, examples: Examples) -> "Figure":
    """How many examples of the training and of the test have each distance."""
    figure, axes = panels(2, 10, 3.5)
    for panel, name in zip(axes, ("train", "test"), strict=True):
        counts = sorted(Counter(examples.splits[name].notes["distance"]).items())
        panel.bar([str(distance) for distance, _ in counts], [n for _, n in counts], color=PALETTE[0])
        panel.set(xlabel="distance: steps between a cue and its answer", ylabel="examples")
        panel.set_title(name, loc="left")
        for i, label in enumerate(panel.get_xticklabels()):
            label.set_visible(i % (1 + len(counts) // 12) == 0)  # many lengths would overlap
    return figure
