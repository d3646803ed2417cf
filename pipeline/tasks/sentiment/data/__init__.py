"""Labelled texts: the tweets that come with a package, or files."""

from pathlib import Path

from pipeline.examples.sets import Examples
from pipeline.examples.splits import Dealt, as_given, by_hash
from pipeline.examples.tables import given, pooled
from pipeline.examples.texts import text_examples
from pipeline.examples.vectors import with_vectors
from pipeline.tasks.figures import lengths_and_classes
from pipeline.tasks.sentiment.data.ngrams import baselines
from pipeline.tasks.sentiment.data.tweets import tweets, words_alone
from pipeline.tasks.sentiment.params import SentimentParams
from pipeline.tasks.source import Source

TASK = "sentiment"


def read(params: SentimentParams) -> Examples:
    """The texts in three splits."""
    splits, counts = _dealt(params)
    return with_vectors(text_examples(splits, params.text, TASK, counts), params.vectors)


def _dealt(params: SentimentParams) -> Dealt:
    if params.split.method == "given":
        return as_given(given(Path(str(params.path)), params.columns, TASK))
    if params.path is None:
        return by_hash(tweets(), params.split, TASK, key=words_alone)
    return by_hash(pooled(Path(params.path), params.columns, TASK), params.split, TASK)


SOURCE = Source(read, baselines, lengths_and_classes)
