"""Its section of the report."""

from collections.abc import Sequence
from typing import Any

from pipeline.report.applications import of_values
from pipeline.report.parts import Block, Heading, Paragraph, Row, Table
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport

SHARE = MeasureWords("sensitivity", "sensitivity", "%")
ASKED = (
    "Which bases of DNA code for a protein, on which strand, and at which place of their codon: seven labels. The set "
    "that needs no file is drawn from a hidden Markov model of genes on both strands with the codon usage of E. coli; "
    "its exact posterior is the optimum. Your own files are GenBank, FASTA with GFF3, or csv windows with a class. "
    "Parts are regions or whole sequences; bases in stretches of 500 or more that another part has, on either strand, "
    "are not scored. MCC, F1, sensitivity and precision are of coding bases on either strand; accuracy and macro F1 of "
    "all labels; an exon is right where start, end and strand are."
)


def _blocks(results: TaskResults) -> Sequence[Block]:
    if not any(model.rows("from_left") for model in results.models):
        return ()
    return (
        Heading("Distance from the ends of a gene"),
        Paragraph(
            "The share of coding bases that are called coding on their strand, by their distance from the left and "
            "from the right end of their stretch. What says that bases code, codon after codon, is not there yet for a "
            "network that reads one way when it comes to the left end; one that reads both ways has seen it."
        ),
        _distances(results, "from_left", "bases from the left end"),
        _distances(results, "from_right", "bases from the right end"),
        Paragraph(
            "The share of bases that get the same label when the other strand is read: " + _agreement(results) + "."
        ),
    )


def _distances(results: TaskResults, key: str, title: str) -> Table:
    rows = {model.name: model.rows(key) for model in results.models}
    values = list(dict.fromkeys(value for found in rows.values() for value in found))
    cells = [
        [str(value), _n(rows, value), *(_cell(rows[m.name].get(value, [])) for m in results.models)] for value in values
    ]
    return Table([title, "n", *(f"{model.name} (%)" for model in results.models)], list(map(Row, cells)))


def _n(rows: dict[str, dict[Any, Any]], value: str) -> str:
    return str(next(found[value][0]["n"] for found in rows.values() if value in found))


def _cell(rows: Sequence[Any]) -> str:
    return of_values(SHARE, [row[SHARE.name] for row in rows])


def _agreement(results: TaskResults) -> str:
    said = []
    for model in results.models:
        shares = [about["details"]["other_strand"]["same_label"] for about in model.seeds.values()]
        said.append(f"{model.name} {of_values(SHARE, shares)} %")
    return ", ".join(said)


REPORT = TaskReport(
    title="DNA",
    asked=ASKED,
    measures=[
        MeasureWords("mcc", "MCC"),
        MeasureWords("f1", "F1", "%"),
        MeasureWords("sensitivity", "sensitivity", "%"),
        MeasureWords("precision", "precision", "%"),
        MeasureWords("accuracy", "accuracy", "%"),
        MeasureWords("macro_f1", "macro F1", "%"),
        MeasureWords("exon_sensitivity", "exon sensitivity", "%"),
        MeasureWords("exon_precision", "exon precision", "%"),
    ],
    tables={"label": "By label"},
    blocks=_blocks,
)
