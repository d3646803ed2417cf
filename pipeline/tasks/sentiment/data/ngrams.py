"""What scores without a network: the most frequent class, and words and pairs of words (scikit-learn).

Each kind of model has one number to choose, the smoothing of naive Bayes and the regularisation of logistic regression:
the one of GRID with the best accuracy on the validation split is taken. Naive Bayes looks at whether a text has a word,
logistic regression weighs it by its rarity (tf-idf), and knows those of two texts or more.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB

from pipeline.examples.class_scores import class_scores
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples
from pipeline.tasks.sentiment.params import SentimentParams
from pipeline.tasks.source import Baseline

WORD = re.compile(r"\w+|[^\w\s]+")
GRID = (0.3, 1.0, 3.0, 10.0)
RANGES = {"unigrams": (1, 1), "1-2-grams": (1, 2)}

Guess = Callable[[str], np.ndarray]
"""The classes of the texts of a split."""


def baselines(params: SentimentParams, examples: Examples) -> list[Baseline]:
    """The most frequent class; naive Bayes and logistic regression on words, and on words and pairs of them."""
    targets = {name: np.array([int(target) for target in split.targets]) for name, split in examples.splits.items()}
    most = int(np.bincount(targets["train"]).argmax())
    found = [_baseline("majority", lambda split: np.full_like(targets[split], most), targets, len(examples.classes))]
    cut = str.split if params.text.scheme == "spaces" else WORD.findall
    for grams, span in RANGES.items():
        options: dict[str, Any] = {"tokenizer": cut, "token_pattern": None, "ngram_range": span}
        counts = _features(examples, CountVectorizer, {**options, "binary": True})
        weights = _features(examples, TfidfVectorizer, {**options, "min_df": 2, "dtype": np.float32})
        bayes = [MultinomialNB(alpha=alpha) for alpha in GRID]
        logistic = [LogisticRegression(C=c, max_iter=1000, tol=1e-3) for c in GRID]
        for name, models, x in (("naive Bayes", bayes, counts), ("logistic regression", logistic, weights)):
            guess = _best(models, x, targets)
            found.append(_baseline(f"{name} on {grams}", guess, targets, len(examples.classes)))
    return found


def _features(examples: Examples, kind: type[CountVectorizer], options: Mapping[str, Any]) -> dict[str, Any]:
    """The n-grams of each text, those of the training split alone."""
    texts = {name: split.notes["text"] for name, split in examples.splits.items()}
    vectorizer = kind(**options).fit(texts["train"])
    return {name: vectorizer.transform(of) for name, of in texts.items()}


def _best(models: Sequence[Any], x: dict[str, Any], targets: dict[str, np.ndarray]) -> Guess:
    """The model that is right most often on the validation split; the first of equals."""
    fitted = [model.fit(x["train"], targets["train"]) for model in models]
    best = max(fitted, key=lambda model: model.score(x["validation"], targets["validation"]))
    return lambda split: best.predict(x[split])


def _baseline(name: str, guess: Guess, targets: dict[str, np.ndarray], num_classes: int) -> Baseline:
    scores: dict[str, dict[str, Measure]] = {
        split: class_scores(targets[split], guess(split), num_classes) for split in ("validation", "test")
    }
    return Baseline(name, scores)
