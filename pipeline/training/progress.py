"""How far a training is, for who waits: a bar on a terminal, a line at each validation elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.base.artifacts import LogRows, Row


@contextmanager
def progress(num_steps: int) -> Iterator[LogRows]:
    """Takes the rows of a training of `num_steps` steps, and shows what they say."""
    console = Console(file=sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("training", total=num_steps)

        def show(rows: Sequence[Row]) -> None:
            step, losses = rows[0].step, _losses(rows[0])
            line = ", ".join(f"{split} {nats:.3f} nats a token" for split, nats in losses.items())
            shown.update(task, completed=step, description=line)
            if shown.disable and "validation" in losses:
                sys.stderr.write(f"step {step} of {num_steps}: {line}\n")

        yield show


def _losses(row: Row) -> dict[str, float]:
    return {key.split("/")[0]: value for key, value in row.metrics.items() if key.endswith("/nats_per_token")}
