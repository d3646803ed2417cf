"""What is looked at beside the scores of tasks that ask for something at a known distance."""

from collections.abc import Sequence
from typing import Any

from pipeline.examples.sets import Split
from pipeline.tasks.contract import Study
from pipeline.tasks.recall import Answer, by, longest_good
from pipeline.tasks.recall_figures import accuracy_figure


def study(test: Split, given: Sequence[Answer], unit: str, **details: Any) -> Study:
    """Tables by distance and by attractors, and the largest distance with 95 % right answers."""
    keys = [key for key in ("distance", "attractors") if key in test.notes]
    tables = {key: by(key, test.notes[key], given, unit) for key in keys}
    return Study(
        tables=tables,
        details={"largest_length_95": longest_good(tables["distance"]), **details},
        predictions={"right": [answer.right for answer in given], unit: [answer.costs for answer in given]},
        figures={"accuracy.png": lambda: accuracy_figure(tables["distance"])},
    )
