"""The task's section of the report."""

from pipeline.tasks.pair_report import pair_report

REPORT = pair_report(
    "Translation: dates as people write them, to ISO",
    "That state is all that the decoder knows of the source (Sutskever et al. 2014).",
)
