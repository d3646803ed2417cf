"""The task's section of the report."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.report.applications import best_model
from pipeline.report.parts import Block, Heading, MarkedText, Piece
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
    "type": "By type",
    "in_training": "By whether the entity, written so and of this type, is in training",
    "length": "By length (words)",
}


def blocks(results: TaskResults) -> Iterator[Block]:
    """Test sentences that the best model answered."""
    model = best_model(results, F1)
    sentences = next(iter(model.seeds.values()))["details"]["sentences"]
    right = [line(s["words"], s["found"], s["wanted"]) for s in sentences if s["right"]]
    wrong = [
        line(s["words"], s[side], s[other])
        for s in sentences
        if not s["right"]
        for side, other in (("wanted", "found"), ("found", "wanted"))
    ]
    yield Heading(f"Test sentences with entities, as {model.name} marks them; drawn at random, none picked by hand")
    if right:
        yield MarkedText("All right", right)
    if wrong:
        yield MarkedText("With an error: what was wanted, and below it what was found", wrong)


def line(words: Sequence[str], spans: Sequence[Sequence[Any]], others: Sequence[Sequence[Any]]) -> list[Piece]:
    """A sentence with its entities marked; right are those that are among the others.

    >>> [piece.text for piece in line(["Close", "the", "file", "."], [(2, 3, "parameter")], [])]
    ['Close the ', 'file', ' .']
    """
    pieces, at = [], 0
    for start, stop, kind in spans:
        before = " ".join(words[at:start])
        pieces.append(Piece(f"{' ' if at else ''}{before}{' ' if before else ''}"))
        pieces.append(Piece(" ".join(words[start:stop]), kind, [start, stop, kind] in [list(span) for span in others]))
        at = stop
    return [piece for piece in [*pieces, Piece(" ".join(["", *words[at:]] if at else words))] if piece.text]


REPORT = TaskReport(
    title="Entities: which words of a sentence are names, and of what",
    asked=ASKED,
    measures=MEASURES,
    tables=TABLES,
    blocks=lambda results: list(blocks(results)),
)
