"""Sequences of values of which two are marked, and their sums."""

from pipeline.tasks.adding.data.sums import RIGHT_WITHOUT_MEMORY, SQUARED_ERROR_WITHOUT_MEMORY, read
from pipeline.tasks.recall_source import distances_figure, known_scores
from pipeline.tasks.source import Source

SOURCE = Source(
    read=read,
    baselines=lambda params, examples: known_scores(
        "squared_error", SQUARED_ERROR_WITHOUT_MEMORY, RIGHT_WITHOUT_MEMORY
    ),
    figure=distances_figure,
)
