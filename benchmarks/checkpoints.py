"""What it costs a training to be ready to go on when it is killed."""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.page import Section, Target
from benchmarks.training import Task, task_of
from pipeline.base.params import Params
from pipeline.base.resume import Resume

STEPS = 200
PAIRS = 3
EVERY_SECONDS = 0.5
"""So often that a training of seconds shows what it costs."""

METHOD = """\
The language models of `run.models` at level char, {steps} steps each, with a state saved every {every:g} s and with \
none but the last, taking turns {pairs} times; both write what the other does. The share of the time that a state \
every {every:g} s takes is the median of the pairs; with `checkpoint_every: {default:g}` it is paid {ratio:.0f} times \
less often."""


def checkpoints(params: Params) -> Section:
    """Measure every language model among the selected ones."""
    torch.set_num_threads(params.runtime.threads)
    per_default = params.checkpoint_every / EVERY_SECONDS
    names = [name for name in params.run.models if not params.models[name].bidirectional]
    shares = {name: share_of(task_of(params, name, STEPS)) for name in names}
    rows = [[name, f"{100 * share:.2f}", f"{100 * share / per_default:.4f}"] for name, share in shares.items()]
    worst = 100 * max(shares.values()) / per_default
    target = Target("time of saving states at the default interval, the worst model", "%", 2.0, worst)
    method = METHOD.format(
        steps=STEPS, every=EVERY_SECONDS, pairs=PAIRS, default=params.checkpoint_every, ratio=per_default
    )
    columns = ["model", f"every {EVERY_SECONDS:g} s, % of the time", f"every {params.checkpoint_every:g} s, %"]
    return Section("Checkpoints", method, columns, rows, [target])


def share_of(task: Task) -> float:
    """The part of a training's time by which saving every EVERY_SECONDS makes it longer."""
    pairs = [(seconds_of(task, EVERY_SECONDS), seconds_of(task, 1e9)) for _ in range(PAIRS)]
    return statistics.median(saving / bare - 1 for saving, bare in pairs)


def seconds_of(task: Task, every_seconds: float) -> float:
    """Seconds of a training that saves a state so often."""
    with TemporaryDirectory(dir=".") as folder:  # on the disk of the project, not in memory
        start = time.perf_counter()
        task.fit(task.network(), lambda rows: None, Resume(Path(folder), "key", every_seconds))
        return time.perf_counter() - start
