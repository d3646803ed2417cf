"""Section of the report: copying symbols."""

from pipeline.report.recall import blocks
from pipeline.report.task_words import MeasureWords, TaskReport

TITLE, DISTANCE = "Copying symbols", "blanks"

REPORT = TaskReport(
    title=TITLE,
    asked=(
        "Random symbols, many blanks, and the same symbols again. A model that has forgotten them can only guess one "
        "of the alphabet. The best possible scores with and without memory are known exactly."
    ),
    measures=[
        MeasureWords("accuracy", "right answers", "%"),
        MeasureWords("bits", "cost of an answer", "bits", better="lower"),
    ],
    tables={"distance": f"By distance ({DISTANCE})"},
    blocks=lambda results: blocks(results, TITLE, DISTANCE),
    formulas="Memory tasks",
)
