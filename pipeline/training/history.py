"""What is written down while a network trains: its losses, norms and validations; and the states to resume from."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.base.artifacts import LogRows, Resume, Row
from pipeline.training.clock import StepClock
from pipeline.training.diverged import DivergedError
from pipeline.training.groups import group_norms
from pipeline.training.learner import Learner, Step
from pipeline.training.meter import Meter
from pipeline.training.validation import Validation


class History:
    """Rows of the training's own numbers, each a mean over the steps since the row before, and of its validations.

    The norms of parameter groups are those of the row's own step alone.
    """

    def __init__(
        self, validation: Validation[Any], log_every_steps: int, shown: Sequence[LogRows], resume: Resume | None = None
    ) -> None:
        self.validation, self.log_every_steps = validation, log_every_steps
        self.shown, self.resume = shown, resume
        self.rows: list[Row] = []
        self.meter = Meter()
        self._start = time.monotonic()
        self.clock = StepClock()

    def on_step(self, learner: Learner[Any], step: Step) -> None:
        """Write down what the learner's last step came to, and save a state where one is due."""
        self.clock.stop()
        ranks, is_last = learner.ranks, learner.steps_left == 0
        wants_saving = self.resume is not None and (self.resume.is_due or is_last)
        loss, saving = ranks.summed(step.loss, float(wants_saving and ranks.is_first))
        self.meter.add(step, loss)
        if step.number % self.log_every_steps == 0 or is_last:
            self._add(Row(step.number, self._metrics(learner, step)))
        if step.number in self.validation.steps and ranks.is_first:
            score = self.validation.score(learner.network, step.number)
            self._add(Row(step.number, score.as_metrics("validation")))
        if saving:
            self._save(learner)
        self.clock.start()

    def on_divergence(self, error: DivergedError) -> None:
        """Write down at which step the training ended."""
        self._add(Row(error.step, {"train/nonfinite_steps": 1.0}))

    def captured(self) -> dict[str, Any]:
        """All that was written down."""
        return {
            "rows": [(row.step, dict(row.metrics)) for row in self.rows],
            "meter": self.meter.captured(),
            "seconds": time.monotonic() - self._start,
            "best": self.validation.captured(),
        }

    def restore(self, captured: Mapping[str, Any]) -> None:
        """Resume from what `captured` gave, and show it again: nobody may have seen it."""
        self.rows = [Row(step, metrics) for step, metrics in captured["rows"]]
        self.meter.restore(captured["meter"])
        self._start = time.monotonic() - captured["seconds"]
        self.validation.restore(captured["best"])
        for row in self.rows:
            self._show([row])

    def _metrics(self, learner: Learner[Any], step: Step) -> dict[str, float]:
        norms = group_norms(learner.network, step.grad_norm)
        groups = {f"train/grad_norm_{group}": norm for group, norm in norms.items()}
        learning_rate = {"train/learning_rate": learner.optimizer.param_groups[0]["lr"]}
        return self.meter.read(learner.objective) | learning_rate | groups

    def _save(self, learner: Learner[Any]) -> None:
        """All ranks say what they hold; the first saves it."""
        captured = learner.captured()
        if self.resume is not None and learner.ranks.is_first:
            self.resume.save(learner.step, {"learner": captured, "history": self.captured()})

    def _add(self, row: Row) -> None:
        """Keep a row, and show it; the clock, which no two trainings share, is shown alone."""
        self.rows.append(row)
        self._show([row, Row(row.step, {"time/seconds": time.monotonic() - self._start})])

    def _show(self, rows: Sequence[Row]) -> None:
        for show in self.shown:
            show(rows)
