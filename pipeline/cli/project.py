"""The commands on a project: its params, its environment and its runs in MLflow."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.base.errors import PipelineError

if TYPE_CHECKING:
    from pipeline.base.params import RunParams

EXIT_NOT_ALL = 1
"""Of `unroll status`: not all stages agree with their runs."""


def check() -> None:
    """Say whether params.yaml is valid and the text is there; if not, list every wrong key and value."""
    from pipeline.params import PARAMS_FILE, load_params
    from pipeline.stage.environment import check_environment
    from pipeline.text.location import notes_on

    params = load_params()
    check_environment()
    notes, run = notes_on(params.corpus), params.run
    trainings = (len(run.levels) + len(run.tasks)) * len(run.models) * len(run.seeds)
    typer.echo(f"{PARAMS_FILE}: valid; it selects {trainings} trainings: {_product(run)}")
    for note in notes:
        typer.echo(note, err=True)


def environment() -> None:
    """Write the versions of Python and torch that run here into environment.yaml, where DVC sees an upgrade."""
    from pipeline.stage.environment import ENVIRONMENT_FILE, write_environment

    changes = write_environment()
    typer.echo(f"{ENVIRONMENT_FILE}: {'; '.join(changes) or 'up to date'}")


def repro(
    targets: Annotated[list[str] | None, typer.Argument(metavar="TARGET...", help="As of `dvc repro`.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once; else as many as have a core each.")] = None,
) -> None:
    """Run the stages that have changed, as `dvc repro` does, those that do not depend on each other side by side."""
    from pipeline.params import load_params
    from pipeline.repro.schedule import StoppedError, run

    most = _most_jobs(load_params().runtime.threads, jobs)
    try:
        raise typer.Exit(run(Path.cwd(), targets or [], jobs or most))
    except StoppedError as stopped:
        typer.echo(f"stopped by {stopped}; `unroll repro` goes on", err=True)
        raise typer.Exit(stopped.code) from stopped


def _most_jobs(threads: int, jobs: int | None) -> int:
    """The number of stages that have `threads` cores each.

    Raises:
        PipelineError: where more jobs are wanted.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = max(1, cores // threads)
    if jobs is not None and jobs > most:
        rule = f"at most {most}, for there are {cores} cores and each stage takes runtime.threads, {threads}"
        raise PipelineError("unroll repro --jobs", rule, jobs, f"ask for {most}, or leave --jobs out")
    return most


def sync() -> None:
    """Bring MLflow up to date with dvc.lock and with the experiments."""
    from pipeline import tracking

    typer.echo(str(tracking.sync(Path.cwd())))


def status() -> None:
    """Show each stage's out and MLflow run, and what to do next; changes nothing. Exit code 1 unless all agree."""
    from pipeline import tracking

    stages = tracking.status(Path.cwd())
    table = Table("stage", "out", "MLflow run", "run and record")
    for stage in stages:
        table.add_row(escape(stage.stage), stage.out, stage.run, stage.agreement)
    Console().print(table)
    typer.echo(tracking.what_to_do(stages))
    if any(stage.trouble for stage in stages):
        raise typer.Exit(EXIT_NOT_ALL)


def _product(run: "RunParams") -> str:
    """How many levels and tasks, models and seeds."""
    counts = {name: f"{len(getattr(run, name))} {name}" for name in ("levels", "tasks", "models", "seeds")}
    return f"({counts['levels']} + {counts['tasks']}) x {counts['models']} x {counts['seeds']}"
