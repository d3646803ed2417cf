"""The task's section of the report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.report.applications import best_model
from pipeline.report.parts import Block, Heading, Quotation
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport

ASKED = (
    "A sentence goes in; its entities come out, each with its words and its type. The built-in sentences are those of "
    "Python's own docstrings, labelled by what each name is in the standard library: a parameter of that function, a "
    "class, a function, an exception or a built-in type. They are split by top-level module, and a sentence that is "
    "learned from is not tested. Types and exceptions can be learned by heart; parameters and classes have to come "
    "from the sentence, which is all that a model sees. An entity is right where all of its words and its type are."
)
F1 = MeasureWords("f1", "entity F1", "%")
MEASURES = (
    F1,
    MeasureWords("precision", "precision", "%"),
    MeasureWords("recall", "recall", "%"),
    MeasureWords("token_accuracy", "token accuracy", "%"),
)
TABLES = {
    "type": "type",
    "in_training": "the entity, written so and of this type, in training",
    "length": "length (words)",
}


def blocks(results: TaskResults) -> Iterator[Block]:
    """Test sentences that the best model answered."""
    model = best_model(results, F1)
    sentences = next(iter(model.seeds.values()))["details"]["sentences"]
    right = [sentence for sentence in sentences if sentence["right"]]
    wrong = [sentence for sentence in sentences if not sentence["right"]]
    yield Heading(f"Test sentences with entities, as {model.name} marks them: drawn at random, none picked by hand")
    if right:
        yield Quotation("All right", "\n".join(shown(s["words"], s["found"]) for s in right))
    if wrong:
        yield Quotation("With an error: what was wanted, and under it what was found", "\n\n".join(map(_both, wrong)))


def _both(sentence: Mapping[str, Any]) -> str:
    return "\n".join(shown(sentence["words"], sentence[side]) for side in ("wanted", "found"))


def shown(words: Sequence[str], spans: Sequence[tuple[int, int, str]]) -> str:
    """The words with entities in brackets.

    >>> shown(["Close", "file", "."], [(1, 2, "parameter")])
    'Close [parameter file] .'
    """
    words = list(words)
    for start, stop, kind in spans:
        words[start] = f"[{kind} {words[start]}"
        words[stop - 1] = f"{words[stop - 1]}]"
    return " ".join(words)


REPORT = TaskReport(
    title="Entities: which words of a sentence are names, and of what",
    asked=ASKED,
    measures=MEASURES,
    tables=TABLES,
    blocks=lambda results: list(blocks(results)),
)
