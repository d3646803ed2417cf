"""Section of the report: was or were."""

from pipeline.report.recall import blocks
from pipeline.report.task_words import MeasureWords, TaskReport

TITLE, DISTANCE = "Agreement: was or were", "words"

REPORT = TaskReport(
    title=TITLE,
    asked=(
        "A sentence goes in, and the verb is asked: was or were. Its subject, some words before, decides; no word in "
        "between says anything about it. A model that has forgotten the subject can only toss a coin. Attractors are "
        "nouns of the other number in between: where they cost more than distance does, the model confuses rather "
        "than forgets. The sentences are drawn from a grammar, so the best possible scores with and without memory "
        "are known exactly."
    ),
    measures=[
        MeasureWords("accuracy", "right answers", "%"),
        MeasureWords("bits", "cost of an answer", "bits", better="lower"),
    ],
    tables={"distance": f"By distance ({DISTANCE})", "attractors": "By attractors"},
    blocks=lambda results: blocks(results, TITLE, DISTANCE),
    formulas="Memory tasks",
)
