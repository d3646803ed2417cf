"""What is written down while a model trains: losses, norms, validations, and the best weights."""

import math
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from pipeline.artifacts import LogRows, Row
from pipeline.metrics import Score
from pipeline.networks.build import Network
from pipeline.networks.bundle import checkpoint_name, save_weights
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.training.groups import group_norms
from pipeline.training.module import DivergedError, SequenceModule
from pipeline.training.split import Split


class Validation:
    """Scores the validation split at given steps and keeps the weights: the best, and in `checkpoints` those of each.

    The split is read in `num_lanes` lanes here, which is faster than the unbroken pass of the final score and a
    little dearer, since every lane starts without a past.
    """

    def __init__(
        self, split: Split, batching: str, num_lanes: int, steps: set[int], checkpoints: Path | None = None
    ) -> None:
        self.split, self.batching, self.num_lanes, self.steps = split, batching, num_lanes, steps
        self.checkpoints = checkpoints
        self.best: tuple[float, int, dict[str, Tensor]] | None = None
        """Nats per token, step, and weights."""

    def score(self, network: Network, step: int) -> Score:
        """The score of the network as it is after so many steps.

        Raises:
            DivergedError: where it is no number.
        """
        windows = evaluation_windows(self.split.ids, network.begin_id, self.batching, self.num_lanes)
        score = self.split.share(*nats_of(network, windows))
        if not math.isfinite(score.nats):
            raise DivergedError(step, score.nats, network)
        if self.best is None or score.nats_per_token < self.best[0]:
            weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
            self.best = (score.nats_per_token, step, weights)
        if self.checkpoints is not None:
            save_weights(network, self.checkpoints / checkpoint_name(step))
        return score


class History(pl.Callback):
    """Rows of the training's own numbers, each a mean over the steps since the row before, and of its validations.

    The norms of parameter groups are those of the row's own step alone.
    """

    def __init__(self, train: Split, validation: Validation, log_every_steps: int, *shown: LogRows) -> None:
        self.train, self.validation, self.log_every_steps, self.shown = train, validation, log_every_steps, shown
        self.rows: list[Row] = []
        self.tokens_seen = 0
        self.grad_norms: list[float] = []
        """Of every step, before clipping."""
        self._nats, self._tokens, self._since = 0.0, 0, 0
        self._start = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._nats += outputs["nats"]
        self._tokens += outputs["tokens"]
        self.grad_norms.append(outputs["grad_norm"])
        assert isinstance(pl_module, SequenceModule)
        step = batch_idx + 1
        if step % self.log_every_steps == 0 or step == trainer.num_training_batches:
            norms = group_norms(pl_module.network, outputs["grad_norm"])
            groups = {f"train/grad_norm_{group}": norm for group, norm in norms.items()}
            self._add(Row(step, self._means(trainer) | groups))
        if step in self.validation.steps:
            self._add(Row(step, self.validation.score(pl_module.network, step).as_metrics("validation")))

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if isinstance(exception, DivergedError):
            self._add(Row(exception.step, {"train/nonfinite_steps": 1.0}))

    def _add(self, row: Row) -> None:
        """Keep a row, and show it; the clock, which no two trainings share, is shown alone."""
        self.rows.append(row)
        clock = Row(row.step, {"time/seconds": time.monotonic() - self._start})
        for show in self.shown:
            show([row, clock])

    def _means(self, trainer: pl.Trainer) -> dict[str, float]:
        self.tokens_seen += self._tokens
        norms = self.grad_norms[self._since :]
        means = self.train.share(self._nats, self._tokens).as_metrics("train") | {
            "train/grad_norm": sum(norms) / len(norms),
            "train/grad_norm_max": max(norms),
            "train/learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "train/tokens": float(self.tokens_seen),
        }
        self._nats, self._tokens, self._since = 0.0, 0, len(self.grad_norms)
        return means
