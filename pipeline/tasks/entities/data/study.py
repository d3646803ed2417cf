"""What is looked at beside the scores of the test split."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.examples.class_scores import length_bin
from pipeline.examples.sets import Examples
from pipeline.tasks.entities.data.encoding import spans_of_split
from pipeline.tasks.entities.data.scores import Spans, entity_measures
from pipeline.tasks.entities.data.spans import Span

SHOWN = 8
"""Sentences of each kind."""


def tables(examples: Examples, found: Spans) -> dict[str, list[dict[str, Any]]]:
    """Scores by type, of entities seen and unseen in training, by sentence length."""
    test, classes = examples.splits["test"], examples.classes
    wanted = spans_of_split(test, classes)
    known = training_entities(examples)
    words = test.notes["words"]

    def seen(sentence: int, span: Span) -> str:
        return "seen" if (surface(words[sentence], span), span.type) in known else "unseen"

    types = [tag.removeprefix("B-") for tag in classes if tag.startswith("B-")]
    return {
        "type": _by(wanted, found, "type", types, lambda sentence, span: span.type),
        "in_training": _by(wanted, found, "in_training", ["seen", "unseen"], seen),
        "length": _by_length(wanted, found, test.lengths),
    }


def surface(words: Sequence[str], span: Span) -> str:
    """The words of an entity as they are written."""
    return " ".join(words[span.start : span.stop])


def training_entities(examples: Examples) -> set[tuple[str, str]]:
    """Surface and type of each entity of the training split."""
    train = examples.splits["train"]
    spans = spans_of_split(train, examples.classes)
    return {(surface(w, span), span.type) for w, of in zip(train.notes["words"], spans, strict=True) for span in of}


def _by(
    wanted: Spans, found: Spans, key: str, values: Sequence[str], of: Callable[[int, Span], str]
) -> list[dict[str, Any]]:
    """The scores of the entities, wanted or found, that have each value."""
    rows = []
    for value in values:
        parts = [
            [[span for span in spans if of(i, span) == value] for i, spans in enumerate(side)]
            for side in (wanted, found)
        ]
        rows.append({key: value, **_row(*parts)})
    return rows


def _by_length(wanted: Spans, found: Spans, lengths: Sequence[int]) -> list[dict[str, Any]]:
    """The scores of the sentences in each bin of lengths, the shortest first."""
    groups: dict[str, list[int]] = {}
    for i in np.argsort(lengths, kind="stable").tolist():
        groups.setdefault(length_bin(lengths[i]), []).append(i)
    return [{"length": of, **_row([wanted[i] for i in at], [found[i] for i in at])} for of, at in groups.items()]


def _row(wanted: Spans, found: Spans) -> dict[str, Any]:
    """Number of wanted entities, and the scores; none where nothing is wanted and nothing found."""
    n, is_empty = sum(map(len, wanted)), not any(map(len, [*wanted, *found]))
    row: dict[str, Any] = {"n": n}
    for name, measure in entity_measures(wanted, found).items():
        row[name] = None if is_empty else measure.value
        row |= {f"{name}_low": None if is_empty else measure.low, f"{name}_high": None if is_empty else measure.high}
    return row


def marked_examples(examples: Examples, found: Spans) -> list[dict[str, Any]]:
    """Test sentences with entities: the first all right and the first with an error, in an order drawn once for all."""
    test = examples.splits["test"]
    wanted = spans_of_split(test, examples.classes)
    order = np.random.default_rng(1).permutation(len(test)).tolist()
    with_entities = [i for i in order if wanted[i] or found[i]]
    right = [i for i in with_entities if wanted[i] == found[i]][:SHOWN]
    wrong = [i for i in with_entities if wanted[i] != found[i]][:SHOWN]
    return [
        {"words": test.notes["words"][i], "wanted": wanted[i], "found": found[i], "right": wanted[i] == found[i]}
        for i in [*right, *wrong]
    ]
