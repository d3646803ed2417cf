"""Sequences of values of which two are marked, and their sums."""

from pipeline.tasks.adding.data.sums import baselines, read
from pipeline.tasks.recall import distances_figure
from pipeline.tasks.source import Source

SOURCE = Source(read=read, baselines=baselines, figure=lambda params, examples: distances_figure(examples))
