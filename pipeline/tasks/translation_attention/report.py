"""The task's section of the report."""

from dataclasses import replace

from pipeline.tasks.pair_report import compared, pair_report

REPORT = replace(
    pair_report(
        "Translation with attention",
        "At each step the decoder also looks at all steps of the encoder, weighted by how well they fit its state "
        "(Bahdanau et al. 2015, Luong et al. 2015).",
    ),
    compared=compared,
)
