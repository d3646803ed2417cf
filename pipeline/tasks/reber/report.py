"""Section of the report: embedded Reber strings."""

from pipeline.report.recall import blocks
from pipeline.report.task_words import MeasureWords, TaskReport

TITLE, DISTANCE = "Embedded Reber strings", "symbols"

REPORT = TaskReport(
    title=TITLE,
    asked=(
        "A string of a small grammar whose second symbol comes again as the last but one. A model that has forgotten "
        "it can only toss a coin. The best possible scores with and without memory are known exactly."
    ),
    measures=[
        MeasureWords("accuracy", "right answers", "%"),
        MeasureWords("bits", "cost of an answer", "bits", better="lower"),
    ],
    tables={},  # by distance: lengths are not given and so are too many, and each too rare
    blocks=lambda results: blocks(results, TITLE, DISTANCE),
    formulas="Memory tasks",
)
