"""What is said while stages run: a line for each that is at work on a terminal, a line for each event elsewhere."""

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipeline.repro.job import Job
from pipeline.tracking.graph import name_of

WHOLE_RUN = 24 * 3600 * 365
"""Seconds over which the speed of a training is estimated: all of it, for a validation takes longer than a step."""


class Shown:
    """The lines of a run of so many stages."""

    def __init__(self, num_stages: int) -> None:
        console = Console(soft_wrap=True, highlight=False)
        columns = (
            *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
            *(TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()),
        )
        self._bars = Progress(
            *columns,
            console=console,
            disable=not console.is_terminal,
            refresh_per_second=2,
            speed_estimate_period=WHOLE_RUN,
            transient=True,
        )
        self._all = self._bars.add_task("stages", total=num_stages)
        self._tasks: dict[Job, TaskID] = {}

    def __enter__(self) -> "Shown":
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def started(self, job: Job) -> None:
        """A stage has started."""
        self._tasks[job] = self._bars.add_task(escape(job.name), total=None)
        if self._bars.disable:
            self._say(f"{job.name}: started")

    def look(self) -> None:
        """Bring the line of each stage up to date."""
        if self._bars.disable:
            return
        for job, task in self._tasks.items():
            if (step := job.step) is not None:
                self._bars.update(task, completed=step[0], total=step[1])

    def ended(self, job: Job) -> None:
        """A stage has ended."""
        self._bars.remove_task(self._tasks.pop(job))
        self._bars.advance(self._all)
        self._say(f"{job.name}: {job.how}")

    def _say(self, line: str) -> None:
        self._bars.console.print(escape(line))


def say_up_to_date(num_stages: int) -> None:
    """There is nothing to run."""
    sys.stdout.write(f"All {num_stages} stages are up to date.\n")


def say_failures(failed: Sequence[Job], never_started: Sequence[str]) -> None:
    """Name the stages that failed, what they said last, and what was not run for it."""
    for job in failed:
        last = "".join(f"    {line}\n" for line in job.tail.strip().splitlines()[-5:])
        sys.stderr.write(f"\n{job.name} {job.how}; its log is {job.log}, which ends with\n{last}")
    if never_started:
        sys.stderr.write(f"\nnot run, since they depend on it: {', '.join(map(name_of, never_started))}\n")
