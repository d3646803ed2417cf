"""What it costs to write a training's numbers down: the history in memory, and the live run in MLflow."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.page import Section, Target
from benchmarks.training import Task, task_of
from pipeline.base.artifacts import LogRows, Row
from pipeline.params import Params
from pipeline.tracking.store import Store, open_store
from pipeline.tracking.work import Work
from pipeline.training.history import History
from pipeline.training.learner import Learner, Step
from pipeline.training.validation import Validation

HISTORY_STEPS = 5000
ROWS = 1000
PACED_SECONDS = 12
PACED_STEP = 0.02
"""Seconds of a step: a small network's. The buffer is sent every two seconds, so a slower one pays more for each."""

METHOD = """\
The history is `History` on the steps of a training that takes no time. The live run is the buffer that a training's \
rows go through, before an SQLite store of its own: given rows as fast as it takes them, and then for {seconds} s rows \
at the pace of a training of {pace:g} ms a step, a row every {every} steps (training.char.log_every_steps), where what \
it has is sent every two seconds, however little that is. In a training all this is done by a process beside it, which \
the training tells of its rows: what stands here is the cost if both shared one core. Opening MLflow is not counted."""


def logging(params: Params) -> Section:
    """Measure the history and the live run."""
    every = params.training.char.log_every_steps
    each, some = history_cost(params, 1), history_cost(params, every)
    fast, paced = live_costs(calls_of(params, ROWS), every)
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
    task = _first_task(params, steps)
    history = _history(every, lambda rows: None, task)
    start = time.perf_counter()
    run_history(history, task, steps)
    return (time.perf_counter() - start) / steps * 1000


def _history(every: int, live: LogRows, task: Task) -> History:
    return History(Validation(task.objective(), steps=set()), every, [live])


def run_history(history: History, task: Task, steps: int) -> None:
    """Give the history the steps of a training that does nothing else."""
    section, model = task.training, task.model
    learner = Learner(
        task.network(),
        task.objective(),
        learning_rate=model.learning_rate,
        weight_decay=section.weight_decay,
        max_grad_norm=model.max_grad_norm,
    )
    for parameter in learner.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    targets = section.batch_size * section.bptt_steps
    for step in range(1, steps + 1):
        learner.step = step
        history.on_step(learner, Step(step, loss=1000.0, num_targets=targets, grad_norm=1.0))


def _first_task(params: Params, steps: int) -> Task:
    return task_of(params, next(iter(params.models)), steps)


def calls_of(params: Params, rows: int) -> list[Sequence[Row]]:
    """What a training that makes a row every step hands to the live run, call by call."""
    calls: list[Sequence[Row]] = []
    task = _first_task(params, rows)
    run_history(_history(1, calls.append, task), task, rows)
    return calls


def live_costs(calls: Sequence[Sequence[Row]], every: int) -> tuple[float, float]:
    """Milliseconds a row as fast as it goes, and milliseconds a step at the pace of a training."""
    num_paced = round(PACED_SECONDS / PACED_STEP / every)
    fast = seconds_of_logging(calls, pause=0.0) / len(calls)
    paced = seconds_of_logging(calls[:num_paced], PACED_STEP * every) / (num_paced * every)
    return fast * 1000, paced * 1000


def seconds_of_logging(calls: Sequence[Sequence[Row]], pause: float) -> float:
    """Seconds that the buffer of a live run takes for these rows, with pauses between the calls."""
    from pipeline.tracking.live_process import Curve
    from pipeline.tracking.messages import Begin
    from pipeline.tracking.runs import create_run

    begin = Begin(Work("train", "", {}, {}), {}, {}, "")
    with TemporaryDirectory() as name:
        run = create_run(_store_in(Path(name)), {})
        buffer = Curve(begin, lambda _: run, AtOnce())
        spent = timed(buffer.log, calls, pause)
        buffer.end("KILLED", "the end of the benchmark")
        assert len(run.logged) == sum(len(row.metrics) for call in calls for row in call), "the store takes every point"
    return spent


class AtOnce(Executor):
    """Runs in the caller's thread, so that what is spent beside a training is counted, too."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def timed(log: LogRows, calls: Sequence[Sequence[Row]], pause: float) -> float:
    """Seconds spent in `log`."""
    spent = 0.0
    for call in calls:
        time.sleep(pause)
        start = time.perf_counter()
        log(call)
        spent += time.perf_counter() - start
    return spent


def _store_in(folder: Path) -> Store:
    """A new SQLite store, whatever store the environment names."""
    with patch.dict(os.environ):
        for name in ("DVC_ROOT", "MLFLOW_TRACKING_URI"):
            os.environ.pop(name, None)
        return open_store(folder)
