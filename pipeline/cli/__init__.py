"""The `unroll` command: check params.yaml, run the pipeline, sync MLflow, and use a trained model from a shell.

Exit codes: 0; 2 for a user's error, with one sentence; 1 and a traceback for a bug; 130 for Ctrl-C. `unroll status`
ends with 1 where not all agree, `unroll repro` as the first stage that failed. Commands import what is heavy
themselves, so that help is instant.
"""

import io
import sys
from typing import NoReturn

import typer

from pipeline.base.errors import EXIT_USER_ERROR, PipelineError, machine_error
from pipeline.cli import language, pairs, predict, project

app = typer.Typer(
    help="Reproducible experiments on recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(project.check, project.environment, project.repro, project.sync, project.status),
    *(language.sample, language.score, language.compare_pairs, predict.predict, pairs.score_pair),
):
    app.command()(command)


def main() -> None:
    """The console entry."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding cannot show most characters
    try:
        app()
    except PipelineError as error:
        _fail(error)
    except Exception as error:
        if of_machine := machine_error(error):
            sys.stdout = io.StringIO()  # Python would try once more, at its end, to write what was not taken
            _fail(of_machine)
        raise


def _fail(error: PipelineError) -> NoReturn:
    typer.echo(str(error), err=True)
    sys.exit(EXIT_USER_ERROR)
