"""What it costs to write a training's numbers down: the history in memory, and the live run in MLflow."""

import os
import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock, patch

import pytorch_lightning as pl
import torch

from benchmarks.page import Section, Target
from benchmarks.project import make_project, stages_of
from benchmarks.training import VOCABULARY, random_text, task_of
from pipeline.artifacts import LogRows, Record, Row
from pipeline.params import Params
from pipeline.training.history import History
from pipeline.training.module import SequenceModule

HISTORY_STEPS = 5000
ROWS = 1000
PACED_SECONDS = 12
PACED_STEP = 0.02
"""Seconds of a step: a small network's. The buffer is sent every two seconds, so a slower one pays more for each."""

METHOD = """\
The history is `History` on the steps of a training that takes no time. The live run is what a training logs to when \
DVC runs it: a buffer before an SQLite store of its own, in a DVC project of its own. It is given rows as fast as it \
takes them, and then for {seconds} s rows at the pace of a training of {pace:g} ms a step, a row every {every} steps \
(training.char.log_every_steps), where what it has is sent every two seconds, however little that is. Params, data \
and artifacts, which are written once, are not counted."""


def logging(params: Params) -> Section:
    """Measure the history and the live run."""
    every = params.training.char.log_every_steps
    each, some, rows = history_cost(params, 1), history_cost(params, every), rows_of(params)
    fast, paced = live_costs(rows, every)
    table = [
        ["history, a row every step", "step", f"{each:.4f}"],
        [f"history, a row every {every} steps", "step", f"{some:.4f}"],
        [f"live run, {ROWS} rows as fast as it takes them", "row", f"{fast:.4f}"],
        [f"live run, a row every {every} steps of {PACED_STEP * 1000:g} ms", "step", f"{paced:.4f}"],
    ]
    target = Target(f"cost of logging a training step, a row every {every} steps", "ms", 0.5, some + paced)
    method = METHOD.format(seconds=PACED_SECONDS, pace=PACED_STEP * 1000, every=every)
    return Section("Logging", method, ["what", "per", "ms"], table, [target])


def history_cost(params: Params, every: int, steps: int = HISTORY_STEPS) -> float:
    """Milliseconds a step of the history that makes a row every so many steps."""
    history = History(random_text(1000, VOCABULARY), every, lambda rows: None)
    start = time.perf_counter()
    run_history(history, params, steps)
    return (time.perf_counter() - start) / steps * 1000


def run_history(history: History, params: Params, steps: int) -> None:
    """Give the history the steps of a training that does nothing else."""
    task = task_of(params, next(iter(params.models)), steps)
    section = task.training
    module = SequenceModule(
        task.network(), task.model.learning_rate, section.weight_decay, section.max_grad_norm, steps
    )
    optimizer = SimpleNamespace(param_groups=[{"lr": task.model.learning_rate}])
    trainer = Mock(spec=pl.Trainer, max_steps=steps, optimizers=[optimizer])
    outputs = {"nats": torch.tensor(1000.0), "tokens": section.batch_size * section.bptt_steps}
    for step in range(steps):
        trainer.global_step = step + 1
        history.on_train_batch_end(trainer, module, outputs, None, step)


def rows_of(params: Params) -> list[Row]:
    """Rows as a training makes them."""
    rows: list[Row] = []
    run_history(History(random_text(1000, VOCABULARY), 1, rows.extend), params, ROWS)
    return rows


def live_costs(rows: Sequence[Row], every: int) -> tuple[float, float]:
    """Milliseconds a row as fast as it goes, and milliseconds a step at the pace of a training."""
    num_paced = round(PACED_SECONDS / PACED_STEP / every)
    fast = seconds_of_logging(rows, pause=0.0) / len(rows)
    paced = seconds_of_logging(rows[:num_paced], PACED_STEP * every) / (num_paced * every)
    return fast * 1000, paced * 1000


def seconds_of_logging(rows: Sequence[Row], pause: float) -> float:
    """Seconds that a live run takes for these rows, given one at a time with pauses between."""
    from pipeline.tracking import live_run

    with TemporaryDirectory() as name, chdir(name):
        folder = Path(name)
        make_project(folder, lambda params: None)
        stage = next(stage for stage, _ in stages_of(folder) if stage.startswith("train@"))
        ids = folder / "out" / "vocabulary" / "char" / "train.npy"
        ids.parent.mkdir(parents=True)
        ids.touch()  # what the stage reads has a hash
        with _run_by_dvc(folder, stage), live_run({}, {"stage": "train"}) as run:
            spent = timed(run.log, rows, pause)
            run.finish(Record({}, {}, {}, rows), folder)
    return spent


def timed(log: LogRows, rows: Sequence[Row], pause: float) -> float:
    """Seconds spent in `log`."""
    spent = 0.0
    for row in rows:
        time.sleep(pause)
        start = time.perf_counter()
        log([row])
        spent += time.perf_counter() - start
    return spent


def _run_by_dvc(folder: Path, stage: str) -> Any:
    """The environment that DVC gives to the stages it runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
    return patch.dict(os.environ, {**kept, "DVC_ROOT": str(folder), "DVC_STAGE": stage}, clear=True)
