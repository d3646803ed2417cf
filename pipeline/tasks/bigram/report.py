"""Section of the report: the next character from this one alone."""

from collections.abc import Sequence
from statistics import fmean

from pipeline.report.parts import Block, Paragraph
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport
from pipeline.report.words import listed


def compared(task: TaskResults) -> Sequence[Block]:
    """How much more each model pays than the 2-gram, whose counts are the best that one character allows."""
    (counted,) = (row["scores"]["test"]["bits"]["value"] for row in task.baselines if row["name"] == "2-gram")
    above = {
        model.name: fmean(about["test"]["bits"]["value"] for about in model.seeds.values()) / counted - 1
        for model in task.models
    }
    said = listed([f"{name} {100 * share:+.2f} %" for name, share in above.items()])
    return [Paragraph(f"Compared with the 2-gram, a character costs: {said}.")]


REPORT = TaskReport(
    title="Bigram: the next character from this one alone",
    asked=(
        "One character goes in, and the next one, or the end of the paragraph, is wanted: a single step from the zero "
        "state, the smallest shape that a recurrent network has. The text is Python's own documentation, split by "
        "paragraph as the default corpus is. Memory has no use here, so every model should pay what the 2-gram pays, "
        "which counts the same training pairs. Intervals are over paragraphs."
    ),
    measures=[
        MeasureWords("bits", "cost of a character", "bits", better="lower"),
        MeasureWords("accuracy", "accuracy", "%"),
    ],
    tables={"character": "By character"},
    blocks=compared,
)
