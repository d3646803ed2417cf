"""What it costs a training to be ready to go on when it is killed."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.page import Section, Target
from benchmarks.training import Task, task_of
from pipeline.params import Params
from pipeline.stage.resume import ResumePlace

STEPS = 200
PAIRS = 3
EVERY_SECONDS = 0.5
"""So often that a training of seconds shows what it costs."""

METHOD = """\
The language models of `run.models` at level char, {steps} steps each, with a state saved every {every:g} s and with \
none but the last, taking turns {pairs} times; both write what the other does. The first column is the seconds that \
the saving took, by the clock, over those of the rest of the same training; the second is by how much longer the \
training was than the one beside it, which must not be much more, and swings by what the machine does. Medians. With \
`checkpoint_every: {default:g}` a state is saved {ratio:.0f} times less often; the greater of both is what counts."""


def checkpoints(params: Params) -> Section:
    """Measure every language model among the selected ones."""
    torch.set_num_threads(params.runtime.threads)
    per_default = params.checkpoint_every / EVERY_SECONDS
    names = [name for name in params.run.models if not params.models[name].bidirectional]
    shares = {name: shares_of(task_of(params, name, STEPS)) for name in names}
    worst = {name: 100 * max(of) / per_default for name, of in shares.items()}
    rows = [[name, *(f"{100 * share:.2f}" for share in of), f"{worst[name]:.3f}"] for name, of in shares.items()]
    target = Target("time of saving states at the default interval, the worst model", "%", 2.0, max(worst.values()))
    method = METHOD.format(
        steps=STEPS, every=EVERY_SECONDS, pairs=PAIRS, default=params.checkpoint_every, ratio=per_default
    )
    often, default = f"every {EVERY_SECONDS:g} s", f"every {params.checkpoint_every:g} s"
    columns = ["model", f"{often}: saving, %", f"{often}: longer, %", f"{default}: at most, %"]
    return Section("Checkpoints", method, columns, rows, [target])


def shares_of(task: Task) -> tuple[float, float]:
    """What saving every EVERY_SECONDS adds to a training: by the clock of the saving, and beside one without."""
    pairs = [(timed(task, EVERY_SECONDS), timed(task, 1e9)) for _ in range(PAIRS)]
    saving = statistics.median(saved / (whole - saved) for (whole, saved), _ in pairs)
    longer = statistics.median(whole / (bare - last) - 1 for (whole, _), (bare, last) in pairs)
    return saving, longer


class TimedResume(ResumePlace):
    """A place of states that knows how long it took to save them."""

    seconds = 0.0

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        start = time.perf_counter()
        super().save(step, state)
        self.seconds += time.perf_counter() - start


def timed(task: Task, every_seconds: float) -> tuple[float, float]:
    """Seconds of a training that saves a state so often, and how many of them the saving took."""
    with TemporaryDirectory(dir=".") as folder:  # on the disk of the project, not in memory
        resume = TimedResume(Path(folder), "key", every_seconds)
        start = time.perf_counter()
        task.fit(task.network(), lambda rows: None, resume)
        return time.perf_counter() - start, resume.seconds
