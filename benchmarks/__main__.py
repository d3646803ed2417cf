"""Run every measurement and write docs/performance.md; what benchmarks.shakespeare wrote there is kept."""

import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import typer

from benchmarks.checkpoints import checkpoints
from benchmarks.imports import imports
from benchmarks.lags import lags
from benchmarks.logging import logging
from benchmarks.page import PAGE, Section, joined, measured_apart, page
from benchmarks.process import ROOT
from benchmarks.sampling import sampling
from benchmarks.shakespeare import TITLE
from benchmarks.text import text_stages
from benchmarks.training import training
from pipeline.params import load_params


def main() -> None:
    """Measure everything, one after the other, telling of each."""
    params = load_params(ROOT / "params.yaml")
    measurements: dict[str, Callable[[], Section]] = {
        "training": lambda: training(params),
        "checkpoints": lambda: checkpoints(params),
        "text": lambda: text_stages(params.run.levels),
        "sampling": lambda: sampling(params),
        "lags": lags,
        "logging": lambda: logging(params),
        "imports": imports,
    }
    sections = [run(name, measure) for name, measure in measurements.items()]
    kept = measured_apart(PAGE.read_text(encoding="utf-8"), TITLE)
    PAGE.write_text(joined(page(sections, params.runtime.threads), *kept), encoding="utf-8")
    for section in sections:
        for target in section.targets:
            typer.echo("  ".join(target.cells))
    typer.echo(f"written: {PAGE.relative_to(ROOT)}")


def run(name: str, measure: Callable[[], Section]) -> Section:
    """One measurement with a line of progress; what libraries print meanwhile is dropped."""
    typer.echo(f"{name} ...", nl=False)
    start = time.perf_counter()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        section = measure()
    typer.echo(f" {time.perf_counter() - start:.0f} s")
    return section


if __name__ == "__main__":
    main()
