"""What is written down while a model trains: losses, norms, validations, and the best weights."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from pipeline.base.artifacts import LogRows, Row
from pipeline.base.metrics import Score
from pipeline.base.resume import Resume
from pipeline.networks.build import Network
from pipeline.networks.bundle import checkpoint_name, save_weights
from pipeline.networks.evaluation import evaluation_windows, nats_of
from pipeline.training.groups import group_norms
from pipeline.training.lightning import pl
from pipeline.training.module import DivergedError, SequenceModule
from pipeline.training.split import Split


class Validation:
    """Scores the validation split at given steps and keeps the weights: the best, and in `folder` those of each.

    The split is read in `num_lanes` lanes here, which is faster than the unbroken pass of the final score and a
    little dearer, since every lane starts without a past.
    """

    def __init__(
        self, split: Split, batching: str, num_lanes: int, steps: set[int], folder: Path | None = None
    ) -> None:
        self.split, self.batching, self.num_lanes, self.steps = split, batching, num_lanes, steps
        self.folder = folder
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
        if self.folder is not None:
            save_weights(network, self.folder / checkpoint_name(step))
        return score

    def captured(self) -> dict[str, Any] | None:
        """The best, without its weights: these are in the folder."""
        return self.best and {"nats_per_token": self.best[0], "step": self.best[1]}

    def restore(self, captured: Mapping[str, Any] | None) -> None:
        """Go on from what `captured` gave."""
        if captured is not None and self.folder is not None:
            weights = load_file(self.folder / checkpoint_name(captured["step"]))
            self.best = (captured["nats_per_token"], captured["step"], weights)


class History(pl.Callback):
    """Rows of the training's own numbers, each a mean over the steps since the row before, and of its validations.

    The norms of parameter groups are those of the row's own step alone.
    """

    def __init__(
        self,
        train: Split,
        validation: Validation,
        log_every_steps: int,
        shown: Sequence[LogRows],
        resume: Resume | None = None,
    ) -> None:
        self.train, self.validation, self.log_every_steps = train, validation, log_every_steps
        self.shown, self.resume = shown, resume
        self.rows: list[Row] = []
        self.tokens_seen = 0
        self.grad_norms: list[float] = []
        """Of every step, before clipping."""
        self._nats, self._tokens, self._since = 0.0, 0, 0
        self._start = time.monotonic()

    def captured(self) -> dict[str, Any]:
        """All that was written down."""
        return {
            "rows": [(row.step, dict(row.metrics)) for row in self.rows],
            "tokens_seen": self.tokens_seen,
            "grad_norms": torch.tensor(self.grad_norms, dtype=torch.float64),
            "sums": (self._nats, self._tokens, self._since),
            "seconds": time.monotonic() - self._start,
            "best": self.validation.captured(),
        }

    def restore(self, captured: Mapping[str, Any]) -> None:
        """Go on from what `captured` gave, and show it again: nobody may have seen it."""
        self.rows = [Row(step, metrics) for step, metrics in captured["rows"]]
        self.tokens_seen = captured["tokens_seen"]
        self.grad_norms = captured["grad_norms"].tolist()
        self._nats, self._tokens, self._since = captured["sums"]
        self._start = time.monotonic() - captured["seconds"]
        self.validation.restore(captured["best"])
        for row in self.rows:
            self._show([row])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, SequenceModule)
        ranks, step = pl_module.ranks, pl_module.step
        wants_saving = self.resume is not None and (self.resume.is_due or step == pl_module.num_steps)
        nats, saving = ranks.summed(outputs["nats"], float(wants_saving and ranks.is_first))
        self._nats += nats
        self._tokens += outputs["tokens"]
        self.grad_norms.append(outputs["grad_norm"])
        if step % self.log_every_steps == 0 or step == pl_module.num_steps:
            norms = group_norms(pl_module.network, outputs["grad_norm"])
            groups = {f"train/grad_norm_{group}": norm for group, norm in norms.items()}
            self._add(Row(step, self._means(trainer) | groups))
        if step in self.validation.steps and ranks.is_first:
            self._add(Row(step, self.validation.score(pl_module.network, step).as_metrics("validation")))
        if saving:
            self._save(pl_module)

    def _save(self, module: SequenceModule) -> None:
        """All ranks say what they hold; the first saves it."""
        captured = module.captured()
        if self.resume is not None and module.ranks.is_first:
            self.resume.save(module.step, {"module": captured, "history": self.captured()})

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        if isinstance(exception, DivergedError):
            self._add(Row(exception.step, {"train/nonfinite_steps": 1.0}))

    def _add(self, row: Row) -> None:
        """Keep a row, and show it; the clock, which no two trainings share, is shown alone."""
        self.rows.append(row)
        self._show([row, Row(row.step, {"time/seconds": time.monotonic() - self._start})])

    def _show(self, rows: Sequence[Row]) -> None:
        for show in self.shown:
            show(rows)

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
