"""Pairs of texts."""

from pipeline.tasks.pair_source import pair_source

SOURCE = pair_source("translation")
