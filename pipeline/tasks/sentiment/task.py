"""Sentiment: many-to-one. The class of a text, and how it comes about word by word."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.base.errors import PipelineError
from pipeline.examples.class_scores import rows_by
from pipeline.examples.sets import Examples
from pipeline.examples.texts import encoded, tokens
from pipeline.networks.classifier import Classifier
from pipeline.tasks import classification
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.classification import Answers, course, guesses_of, targets_of
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.sentiment.params import SentimentParams
from pipeline.tokens.vocabulary import Vocabulary

NEGATION = re.compile(r"\b(?:not|cannot|never|nothing|no)\b|n['\u2019]t\b", re.IGNORECASE)
SHOWN, SHOWN_TOKENS = 3, 24
"""Test texts whose course is kept, right and wrong ones, of at most so many tokens: what fits into a line."""


def study(params: SentimentParams, examples: Examples, network: Classifier, answers: Answers) -> Study:
    """What every classification has, the texts with a negation against the others, how far back the loss reaches, and
    the words that decided."""
    found = classification.study(params, examples, network, answers)
    test = examples.splits["test"]
    sides = ["with" if NEGATION.search(text) else "without" for text in test.notes["text"]]
    rows = sorted(
        rows_by("negation", sides, targets_of(test), guesses_of(answers)), key=lambda row: str(row["negation"])
    )
    shown, lags = _shown(params, examples, network, answers), classification.lag_rows(network, test)
    return replace(
        found, tables={**found.tables, "negation": rows, "lag": lags}, details={**found.details, "shown": shown}
    )


def _shown(params: SentimentParams, examples: Examples, network: Classifier, answers: Answers) -> list[dict[str, Any]]:
    """The first right and wrong answers, the texts in the order of their hashes: picked by nobody."""
    test = examples.splits["test"]
    texts, right = test.notes["text"], guesses_of(answers) == targets_of(test)
    order = sorted(range(len(test)), key=lambda i: hashlib.sha256(texts[i].encode()).digest())
    short = [i for i in order if len(tokens(texts[i], params.text)) <= SHOWN_TOKENS]
    picked = [[i for i in short if right[i] == wanted][:SHOWN] for wanted in (True, False)]
    return [
        {
            "right": bool(right[i]),
            "target": examples.classes[int(test.targets[i])],
            "tokens": tokens(texts[i], params.text)[: params.text.max_steps],
            "course": course(network, test.inputs[i]).round(4).tolist(),
        }
        for i in (*picked[0], *picked[1])
    ]


def predict(bundle: TaskBundle[SentimentParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The class of each line, with its probability, and those of all classes behind each token."""
    network, vocabulary = bundle.trained.network, bundle.vocabulary
    assert isinstance(network, Classifier)
    assert vocabulary is not None, "the examples have one"
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise PipelineError(
                f"{where}: line {number}", "a text with a word", repr(line), "write one, or delete the line"
            )
        yield _prediction(bundle, network, vocabulary, line)


def _prediction(
    bundle: TaskBundle[SentimentParams], network: Classifier, vocabulary: Vocabulary, text: str
) -> Prediction:
    (ids,) = encoded([text], vocabulary, bundle.params.text)
    probabilities = course(network, ids)
    pieces = tokens(text, bundle.params.text)
    guess = bundle.classes[int(probabilities[-1].argmax())]
    cut = f" (read to token {len(ids):,} of {len(pieces):,})" if len(ids) < len(pieces) else ""
    steps = [
        {"token": piece, "known": int(i) != vocabulary.UNK, "probabilities": _named(bundle.classes, row)}
        for piece, i, row in zip(pieces, ids, probabilities, strict=False)
    ]
    fields = {"text": text, "class": guess, "probabilities": _named(bundle.classes, probabilities[-1]), "steps": steps}
    return Prediction(f"{guess} {probabilities[-1].max():.2f}{cut}: {text}", {**fields, "tokens": len(pieces)})


def _named(classes: Sequence[str], row: Float[np.ndarray, " C"]) -> Mapping[str, float]:
    return {name: round(float(p), 6) for name, p in zip(classes, row, strict=True)}


TASK: Task[SentimentParams, Classifier, Float[np.ndarray, " C"]] = Task(
    shape="many-to-one",
    kind="classifier",
    sizes=classification.sizes,
    objective=classification.objective,
    answer=classification.answer,
    measure=classification.measure,
    study=study,
    predict=predict,
)
