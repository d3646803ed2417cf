"""Time `dvc repro` stage by stage and write docs/stages.md: `python -m benchmarks.repro`, in a fresh clone."""

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator

import typer

from benchmarks.page import machine
from benchmarks.process import ROOT
from pipeline.params import load_params

PAGE = ROOT / "docs" / "stages.md"
BEGINS = re.compile(r"(?:Running stage|Stage) '(.+?)'")

INTRODUCTION = """\
# How long the pipeline takes

`dvc repro` with the values of params.yaml, from a fresh clone to the report, MLflow included; written by
`python -m benchmarks.repro`. The machine: {machine}.

| stage | seconds |
|---|--:|
"""


def main() -> None:
    """Run the pipeline and write the page."""
    start = time.perf_counter()
    with subprocess.Popen(["dvc", "repro"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        taken = list(seconds_of_stages(_shown(process.stdout)))
    if process.returncode:
        sys.exit(process.returncode)
    rows = [*taken, ("**all**", time.perf_counter() - start)]
    head = INTRODUCTION.format(machine=machine(load_params(ROOT / "params.yaml").runtime.threads))
    PAGE.write_text(head + "".join(f"| {stage} | {seconds:.1f} |\n" for stage, seconds in rows), encoding="utf-8")
    typer.echo(f"written: {PAGE.relative_to(ROOT)}")


def seconds_of_stages(lines: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Stage and seconds, from the line that begins it to the next one's; the last ends with the lines."""
    stage, start = "", 0.0
    for line in lines:
        if found := BEGINS.match(line):
            if stage:
                yield stage, time.perf_counter() - start
            stage, start = found[1], time.perf_counter()
    if stage:
        yield stage, time.perf_counter() - start


def _shown(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        typer.echo(line, nl=False)
        yield line


if __name__ == "__main__":
    main()
