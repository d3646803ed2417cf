"""The command on a trained network of a task: what it answers to a user's own input."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.base.errors import PipelineError
from pipeline.cli.bundles import check_bundle

if TYPE_CHECKING:
    from pipeline.tasks.contract import Prediction

STANDARD_INPUT = "standard input"


def predict(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A trained network: a folder of out/task.")],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="Each is one input; none: standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Or a file, an input a line, or as the task's files are.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An answer a line, as JSON.")] = False,
) -> None:
    """Answer inputs with a task's network: text, an input a line; for dna a FASTA file; for music names of files."""
    check_bundle(bundle)
    lines, where = _lines(inputs or [], file)
    for answer in answers(bundle, lines, where):
        typer.echo(json.dumps(answer.fields, ensure_ascii=False) if as_json else answer.shown)


def answers(folder: Path, lines: list[str], where: str) -> "Iterator[Prediction]":
    """What the network in a folder answers to each line."""
    from pipeline.tasks.bundle import TaskBundle
    from pipeline.tasks.contract import load

    trained = TaskBundle.load(folder)
    yield from load(trained.task, trained.params).predict(trained, lines, where)


def _lines(inputs: list[str], file: Path | None) -> tuple[list[str], str]:
    """The inputs, a line each, and where they are from.

    Raises:
        PipelineError: where they come from two places, or there are none.
    """
    from pipeline.text.utf8 import read_text
    from pipeline.tokens.units import lines_of, normalize, without_mark

    if inputs and file is not None:
        got = f"{len(inputs)} inputs and {file}"
        raise PipelineError("unroll predict", "either inputs or --file", got, "give one of them")
    if inputs:
        return [without_mark(text) for text in inputs], "input"
    where = STANDARD_INPUT if file is None else str(file)
    text = without_mark(sys.stdin.read()) if file is None else read_text(file)
    lines = lines_of(normalize(text))
    if not any(line.strip() for line in lines):
        raise PipelineError(where, "at least one line", "none", "write an input on each line")
    return lines, where
