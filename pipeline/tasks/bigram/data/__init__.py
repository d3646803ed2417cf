"""Pairs of characters of Python's documentation, and what n-grams pay for them."""

from pipeline.tasks.bigram.data.ngrams import baselines
from pipeline.tasks.bigram.data.pairs import read
from pipeline.tasks.figures import lengths_and_classes
from pipeline.tasks.source import Source

SOURCE = Source(read=read, baselines=baselines, figure=lengths_and_classes)
