"""Section of the report: an image of a digit read pixel by pixel."""

from pipeline.report.shares import shares
from pipeline.report.task_words import MeasureWords, TaskReport

REPORT = TaskReport(
    title="Sequential digits: an image read pixel by pixel",
    asked=(
        "An image of a handwritten digit goes in, one of its 64 pixels a step, and the digit is wanted at the end. "
        "What the first rows show has to be remembered over dozens of steps. The baselines see the whole image at "
        "once. The images come with scikit-learn (UCI) and are split by a seeded hash of their number; who wrote them "
        "is not known, so a writer may be in several splits."
    ),
    measures=[MeasureWords("accuracy", "accuracy", "%"), MeasureWords("macro_f1", "macro F1", "%")],
    tables={},
    blocks=shares,
)
