"""Section of the report: adding two numbers."""

from pipeline.report.recall import blocks
from pipeline.report.task_words import MeasureWords, TaskReport

TITLE, DISTANCE = "Adding two numbers", "steps"

REPORT = TaskReport(
    title=TITLE,
    asked=(
        "A row of numbers between 0 and 1 of which two are marked; their sum is asked at the end. A model that has "
        "forgotten them can only answer 1, the mean of all sums. An answer is right within 0.04."
    ),
    measures=[
        MeasureWords("accuracy", "right answers", "%"),
        MeasureWords("squared_error", "squared error", better="lower"),
    ],
    tables={"distance": f"By distance ({DISTANCE})"},
    blocks=lambda results: blocks(results, TITLE, DISTANCE),
    formulas="Memory tasks",
)
