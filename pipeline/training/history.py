"""What is written down while a model trains: losses, norms, validations, and the best weights."""

import time
from typing import Any

import pytorch_lightning as pl
from torch import Tensor

from pipeline.artifacts import LogRows, Row
from pipeline.metrics import Score
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.training.module import SequenceModule
from pipeline.training.split import Split


class History(pl.Callback):
    """Rows of the training's own numbers, each a mean over the steps since the row before."""

    def __init__(self, train: Split, log_every_steps: int, live: LogRows) -> None:
        self.train, self.log_every_steps, self.live = train, log_every_steps, live
        self.rows: list[Row] = []
        self.tokens_seen = 0
        self._nats, self._tokens, self._grad_norms = 0.0, 0, []
        self._start = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, SequenceModule)
        self._nats += float(outputs["nats"])
        self._tokens += outputs["tokens"]
        self._grad_norms.append(float(pl_module.grad_norm))
        if trainer.global_step % self.log_every_steps == 0 or trainer.global_step == trainer.max_steps:
            self.add(Row(trainer.global_step, self._means(trainer)))

    def add(self, row: Row) -> None:
        """Keep a row, and show it; the clock, which no two trainings share, is shown alone."""
        self.rows.append(row)
        self.live([row, Row(row.step, {"time/seconds": time.monotonic() - self._start})])

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


class Validation(pl.Callback):
    """Scores the validation split at evenly spaced steps and keeps the best weights.

    The split is read in `num_lanes` lanes here, which is faster than the unbroken pass of the final score and a
    little dearer, since every lane starts without a past.
    """

    def __init__(self, validation: Split, batching: str, num_lanes: int, steps: set[int], history: History) -> None:
        self.validation, self.batching, self.num_lanes = validation, batching, num_lanes
        self.steps, self.history = steps, history
        self.best: tuple[float, int, dict[str, Tensor]] | None = None
        """Nats per token, step, and weights."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, SequenceModule)
        step = trainer.global_step
        if step not in self.steps:
            return
        score = self.score(pl_module)
        self.history.add(Row(step, score.as_metrics("validation")))
        if self.best is None or score.nats_per_token < self.best[0]:
            weights = {name: tensor.detach().clone() for name, tensor in pl_module.network.state_dict().items()}
            self.best = (score.nats_per_token, step, weights)

    def score(self, module: SequenceModule) -> Score:
        """The validation split, read in lanes."""
        begin = module.network.begin_id
        windows = evaluation_windows(self.validation.ids, begin, self.batching, self.num_lanes)
        return self.validation.share(*nats_of(module.network, windows))
