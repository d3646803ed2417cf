"""How far a training is, for who waits: a bar on a terminal, a line at each validation elsewhere."""

import sys
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.training.history import History


class ProgressBar(pl.Callback):
    """Steps done and to do, with the last losses of the history."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.num_shown = 0
        console = Console(file=sys.stderr)
        text = TextColumn("{task.description}")
        self.bar = Progress(
            text,
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.task = self.bar.add_task("training", total=trainer.max_steps)
        self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.num_shown == len(self.history.rows):
            return
        row = self.history.rows[-1]
        self.num_shown = len(self.history.rows)
        losses = {key.split("/")[0]: value for key, value in row.metrics.items() if key.endswith("/nats_per_token")}
        shown = ", ".join(f"{split} {nats:.3f} nats a token" for split, nats in losses.items())
        self.bar.update(self.task, completed=trainer.global_step, description=shown)
        if self.bar.disable and "validation" in losses:
            sys.stderr.write(f"step {row.step} of {trainer.max_steps}: {shown}\n")

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self.bar.stop()
