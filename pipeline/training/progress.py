"""How far a training is, for who waits: a bar on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.base.artifacts import LogRows, Row

NUM_LINES = 20
"""How many lines are written, evenly spaced, where there is no terminal; and one at each validation."""


@contextmanager
def progress(num_steps: int, loss_name: str) -> Iterator[LogRows]:
    """Takes the rows of a training of `num_steps` steps, and shows the losses in them.

    Args:
        loss_name: what the loss is called in the rows, as `nats_per_token` in `train/nats_per_token`.
    """
    console = Console(file=sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    unit = loss_name.replace("_", " ")
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task("training", total=num_steps)
        num_written = -1

        def show(rows: Sequence[Row]) -> None:
            nonlocal num_written
            step, losses = rows[0].step, _losses(rows[0], loss_name)
            line = ", ".join(f"{split} {loss:.3f} {unit}" for split, loss in losses.items())
            shown.update(task, completed=step, description=line)
            if shown.disable and ("validation" in losses or step * NUM_LINES // num_steps > num_written):
                num_written = step * NUM_LINES // num_steps
                sys.stderr.write(f"step {step} of {num_steps}: {line}\n")

        yield show


def _losses(row: Row, name: str) -> dict[str, float]:
    """The losses of a row by split.

    >>> _losses(Row(3, {"train/squared_error": 0.5, "train/grad_norm": 1.0}), "squared_error")
    {'train': 0.5}
    """
    keys = {f"{split}/{name}": split for split in ("train", "validation")}
    return {split: row.metrics[key] for key, split in keys.items() if key in row.metrics}
