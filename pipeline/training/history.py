"""What is written down while a model trains: losses, norms, validations, and the best weights."""

import time
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from pipeline.artifacts import LogRows, Row
from pipeline.metrics import Score
from pipeline.networks.build import Network
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.training.module import SequenceModule
from pipeline.training.split import Split


class Validation:
    """Scores the validation split at given steps and keeps the best weights.

    The split is read in `num_lanes` lanes here, which is faster than the unbroken pass of the final score and a
    little dearer, since every lane starts without a past.
    """

    def __init__(self, split: Split, batching: str, num_lanes: int, steps: set[int]) -> None:
        self.split, self.batching, self.num_lanes, self.steps = split, batching, num_lanes, steps
        self.best: tuple[float, int, dict[str, Tensor]] | None = None
        """Nats per token, step, and weights."""

    def score(self, network: Network, step: int) -> Score:
        """The score of the network as it is after so many steps."""
        windows = evaluation_windows(self.split.ids, network.begin_id, self.batching, self.num_lanes)
        score = self.split.share(*nats_of(network, windows))
        if self.best is None or score.nats_per_token < self.best[0]:
            weights = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
            self.best = (score.nats_per_token, step, weights)
        return score


class History(pl.Callback):
    """Rows of the training's own numbers, each a mean over the steps since the row before, and of its validations."""

    def __init__(self, train: Split, validation: Validation, log_every_steps: int, *shown: LogRows) -> None:
        self.train, self.validation, self.log_every_steps, self.shown = train, validation, log_every_steps, shown
        self.rows: list[Row] = []
        self.tokens_seen = 0
        self._nats, self._tokens, self._grad_norms = 0.0, 0, []
        self._start = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._nats += outputs["nats"]
        self._tokens += outputs["tokens"]
        self._grad_norms.append(outputs["grad_norm"])
        step = batch_idx + 1
        if step % self.log_every_steps == 0 or step == trainer.num_training_batches:
            self._add(Row(step, self._means(trainer)))
        if step in self.validation.steps:
            assert isinstance(pl_module, SequenceModule)
            self._add(Row(step, self.validation.score(pl_module.network, step).as_metrics("validation")))

    def _add(self, row: Row) -> None:
        """Keep a row, and show it; the clock, which no two trainings share, is shown alone."""
        self.rows.append(row)
        clock = Row(row.step, {"time/seconds": time.monotonic() - self._start})
        for show in self.shown:
            show([row, clock])

    def _means(self, trainer: pl.Trainer) -> dict[str, float]:
        self.tokens_seen += self._tokens
        means = self.train.share(self._nats, self._tokens).as_metrics("train") | {
            "train/grad_norm": sum(self._grad_norms) / len(self._grad_norms),
            "train/grad_norm_max": max(self._grad_norms),
            "train/learning_rate": trainer.optimizers[0].param_groups[0]["lr"],
            "train/tokens": float(self.tokens_seen),
        }
        self._nats, self._tokens, self._grad_norms = 0.0, 0, []
        return means
