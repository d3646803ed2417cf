"""What translates without a network: the source itself, the nearest training sentence, and word by word.

All read the tokens that the network reads; of byte-level BPE, the words in which it merges.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.examples.params import SideParams
from pipeline.examples.sets import Examples
from pipeline.examples.texts import tokens
from pipeline.tasks.ibm1 import learn_table
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.pair_scores import measure
from pipeline.tasks.source import Baseline

ROWS = 256
"""Sentences whose neighbours are looked for at a time: their similarities to all training sentences are in memory."""

Translate = Callable[[Sequence[str]], Sequence[str]]


def pair_baselines(params: PairParams, examples: Examples) -> list[Baseline]:
    """The scores of each on the validation and the test split."""
    notes = {name: split.notes for name, split in examples.splits.items()}
    sources, targets = notes["train"]["source"], notes["train"]["reference"]
    found: dict[str, Translate] = {
        "source as it is": lambda texts: texts,
        "nearest training sentence": _nearest(sources, targets, params.source),
        "IBM Model 1 word by word": _word_by_word(sources, targets, params),
    }
    lower = params.target.lower_case
    return [
        Baseline(
            name,
            {split: measure(translate(notes[split]["source"]), notes[split]["reference"], lower)
             for split in ("validation", "test")},
        )
        for name, translate in found.items()
    ]  # fmt: skip


def _nearest(sources: Sequence[str], targets: Sequence[str], params: SideParams) -> Translate:
    """The translation of the training sentence with the nearest 1-2-grams (cosine of tf-idf); the first of equals."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    options: dict[str, Any] = {"lowercase": False, "token_pattern": None, "ngram_range": (1, 2), "dtype": np.float32}
    vectorizer = TfidfVectorizer(tokenizer=lambda text: tokens(text, params), **options)
    known = vectorizer.fit_transform(sources)

    def translate(texts: Sequence[str]) -> list[str]:
        rows = vectorizer.transform(texts)
        parts = [rows[i : i + ROWS] @ known.T for i in range(0, len(texts), ROWS)]
        return [targets[int(i)] for part in parts for i in part.toarray().argmax(1)]

    return translate


def _word_by_word(sources: Sequence[str], targets: Sequence[str], params: PairParams) -> Translate:
    """Each token of the source as its most probable translation, in its order; one never seen stays as it is."""
    cut = [tokens(text, params.source) for text in sources]
    best = learn_table(cut, [tokens(text, params.target) for text in targets]).best()
    between = " " if params.target.scheme == "spaces" else ""

    def translate(texts: Sequence[str]) -> list[str]:
        cut = (tokens(text, params.source) for text in texts)
        return [between.join(best.get(token, token) for token in found).strip() for found in cut]

    return translate
