"""Time `unroll repro` on fresh projects: of everything with one job and with two, then of the language models alone.

`python -m benchmarks.repro` writes docs/stages.md: what each stage takes, how much of all is learning, what DVC takes
between stages, what two jobs save, and what the tasks add. It takes about four times as long as `make repro`.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from benchmarks.page import Target, machine, table
from benchmarks.process import ROOT
from benchmarks.shell import write_shell
from pipeline.params import load_params
from pipeline.tracking.graph import name_of
from reliability.project import environment, make_project

PAGE = ROOT / "docs" / "stages.md"
HEADS = ("seconds", "CPU seconds", "in steps")
STEPS = re.compile(r"^\d+ steps took ([\d.]+) s of CPU$", re.MULTILINE)

INTRODUCTION = """\
# How long the pipeline takes

Written by `python -m benchmarks.repro`: `unroll repro` with the values of params.yaml, in fresh projects without a
cache, from the text to the report, MLflow included: of everything with one job, of everything with two, and of the
language models alone (`run.tasks: []`) with two. The machine: {machine}.

{targets}

{runs}

The last table is of the first run, with one job. CPU seconds are those of all threads, and of the process that logs to
MLflow beside a training; in steps: what the optimiser's steps take of them, without validations and final scores.
"DVC, between stages" is what is left of the whole: `unroll repro`, and DVC's start for each stage, its hashes, cache
and lock.
"""


@dataclass(frozen=True)
class StageTimes:
    """What a stage took."""

    seconds: float
    cpu_seconds: float
    steps_seconds: float
    """CPU seconds of its optimiser's steps."""


@dataclass(frozen=True)
class Run:
    """What a run took."""

    seconds: float
    cpu_seconds: float
    stages: Mapping[str, StageTimes]
    """In the order in which they ended."""

    @property
    def whole(self) -> StageTimes:
        """All of it."""
        return StageTimes(self.seconds, self.cpu_seconds, sum(stage.steps_seconds for stage in self.stages.values()))

    @property
    def share(self) -> float:
        """Of the CPU seconds: those in optimiser steps."""
        return self.whole.steps_seconds / self.cpu_seconds

    @property
    def between(self) -> StageTimes:
        """What no stage took."""
        stages = self.stages.values()
        return StageTimes(
            self.seconds - sum(stage.seconds for stage in stages),
            self.cpu_seconds - sum(stage.cpu_seconds for stage in stages),
            0.0,
        )


def main() -> None:
    """Run the pipeline three times and write the page."""
    one, two = (_told(f"everything, --jobs {jobs}", jobs, lambda params: None) for jobs in (1, 2))
    alone = _told("the language models alone, --jobs 2", 2, lambda params: params["run"].update(tasks=[]))
    text = page(one, two, alone)
    PAGE.write_text(text, encoding="utf-8")
    typer.echo(f"{text}\nwritten: {PAGE.relative_to(ROOT)}")


def _told(what: str, jobs: int, change: Callable[[dict[str, Any]], None]) -> Run:
    typer.echo(f"unroll repro of {what}")
    run = reproduced(jobs, change)
    typer.echo(f"  {run.seconds:.1f} s, {run.cpu_seconds:.1f} CPU seconds, {run.share:.3f} of them in steps")
    return run


def reproduced(jobs: int, change: Callable[[dict[str, Any]], None]) -> Run:
    """Run everything in a project of its own, with changed params."""
    with TemporaryDirectory() as scratch:
        folder, times, shell = (Path(scratch, name) for name in ("project", "times", "shell"))
        make_project(folder, change)
        write_shell(shell, times)
        start = time.perf_counter()
        command = subprocess.Popen(
            ["unroll", "repro", "--jobs", str(jobs)], cwd=folder, env={**environment(), "SHELL": str(shell)}
        )
        _, status, usage = os.wait4(command.pid, 0)
        seconds = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status):
            raise RuntimeError(f"unroll repro ended with {os.waitstatus_to_exitcode(status)}")
        lines = map(json.loads, times.read_text(encoding="utf-8").splitlines())
        stages = {
            name_of(line["stage"]): StageTimes(
                line["seconds"], line["cpu_seconds"], _steps_seconds(folder, line["stage"])
            )
            for line in lines
        }
        return Run(seconds, usage.ru_utime + usage.ru_stime, stages)


def _steps_seconds(folder: Path, stage: str) -> float:
    """What its log says of its steps."""
    log = (folder / f".work/repro/{name_of(stage)}.log").read_text(encoding="utf-8", errors="replace")
    return sum(map(float, STEPS.findall(log)))


def page(one: Run, two: Run, alone: Run) -> str:
    """All of docs/stages.md: of everything with one job and with two, and of the language models alone with two."""
    targets = [
        Target("CPU seconds in optimiser steps over those of the whole run", "", 0.5, one.share, at_least=True),
        Target("wall time with two jobs over that with one", "", 0.62, two.seconds / one.seconds),
        Target("wall time of everything over the language models alone", "", 2, two.seconds / alone.seconds),
        Target("CPU seconds of everything over the language models alone", "", 2, two.cpu_seconds / alone.cpu_seconds),
    ]
    runs = {"everything, one job": one, "everything, two jobs": two, "language models alone, two jobs": alone}
    rows = {**one.stages, "**DVC, between stages**": one.between, "**all**": one.whole}
    return "\n".join(
        [
            INTRODUCTION.format(
                machine=machine(load_params(ROOT / "params.yaml").runtime.threads),
                targets=table(["target", "limit", "measured", "verdict"], [target.cells for target in targets]),
                runs=table(["run", *HEADS], [_cells(name, run.whole) for name, run in runs.items()]),
            ),
            table(["stage", *HEADS], [_cells(name, row) for name, row in rows.items()]),
            "",
        ]
    )


def _cells(name: str, stage: StageTimes) -> list[str]:
    steps = f"{stage.steps_seconds:.1f}" if stage.steps_seconds else ""
    return [name, f"{stage.seconds:.1f}", f"{stage.cpu_seconds:.1f}", steps]


if __name__ == "__main__":
    main()
