"""Trials of one stage: it is killed, run until it ends well, and compared with an undisturbed run."""

import hashlib
import json
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from reliability.kills import Kill, saved, started, states
from reliability.project import address, checked, make_project, run, small, write_text
from reliability.verify import first_difference

TRAIN, TASK = "train@char-gru-1", "task@agreement-gru-1"
GOES_ON = re.compile(r"going on after step (\d+)")
FINISHED = """
select t.run_uuid from tags t join runs r on r.run_uuid = t.run_uuid
where t.key = 'dvc.stage' and t.value = ? and r.status = 'FINISHED'
"""
POINTS = "select key, step, value from metrics where run_uuid = ? and key not like 'time/%' order by key, step, value"


def small_and_fragile(params: dict[str, Any], tokens: int = 10_000) -> None:
    """One model with dropout, two layers deep, some seconds of training, and a state twenty times a second."""
    params["run"] = {"levels": ["char"], "models": ["gru"], "tasks": ["agreement"], "seeds": [1]}
    small(params)
    params["checkpoint_every"] = 0.05
    params["models"]["gru"] |= {"hidden_size": 64, "num_layers": 2, "dropout": 0.2}
    params["training"]["char"] |= {"budget_tokens": tokens}
    params["tasks"]["agreement"] |= {"budget_tokens": tokens // 2, "lengths": [0, 2, 3], "dropout": 0.2}


def make_fragile_project(folder: Path, change: Callable[[dict[str, Any]], None] = small_and_fragile) -> None:
    """Lay this working tree into a folder that is not there yet; the text and the task are ready to be learned."""
    make_project(folder, change)
    write_text(folder)
    checked(run(f"dvc repro vocabulary@char {address('examples')}", folder))


@dataclass(frozen=True)
class Undisturbed:
    """A project in which one stage has run, and nobody was killed."""

    stage: str
    folder: Path
    seconds: float
    """From the start of the stage to the end of DVC."""

    points: Sequence[tuple[str, int, float]]
    """What its one run in MLflow holds."""

    @property
    def steps(self) -> int:
        """What the stage learns."""
        return max(step for key, step, _ in self.points if key.startswith("train/"))


def undisturbed(pristine: Path, stage: str) -> Undisturbed:
    """Run a stage in a copy of the project, beside it."""
    folder = pristine.with_name(f"undisturbed {stage}")
    shutil.copytree(pristine, folder, symlinks=True)
    with started(f"dvc repro -s {address(stage)}", folder) as work:
        checked(work.end())
        seconds = time.time() - work.stage.create_time()
    _recorded(folder, stage)
    [points] = finished_runs(folder, stage)
    assert len({(key, step) for key, step, _ in points}) == len(points), "a step twice"
    return Undisturbed(stage, folder, seconds, points)


@dataclass(frozen=True)
class Trial:
    """What is done to one stage."""

    number: int
    stage: str
    kills: Sequence[Kill]
    damage: Callable[[Path], None] | None = None
    """What is done to its newest state after the last kill."""


@dataclass
class Outcome:
    """How a trial went."""

    trial: Trial
    kills: list[Kill] = field(default_factory=list)
    """Those that met a stage at work."""
    writes: int = 0
    """How many of them met it while a state was being written."""
    shares: list[float] = field(default_factory=list)
    """Of each start that went on: the share of the steps that was done."""
    wrong: list[str] = field(default_factory=list)
    """What is not as it must be."""


def cut(state: Path) -> None:
    """Leave its first half."""
    state.write_bytes(state.read_bytes()[: state.stat().st_size // 2])


def replaced_by_another(state: Path) -> None:
    """Leave a whole state of other work."""
    head, _, content = state.read_bytes().partition(b"\n")
    state.write_bytes(json.dumps(json.loads(head) | {"key": "of other work"}).encode() + b"\n" + content)


def trials(count: int, random: Random) -> list[Trial]:
    """Trials of all kinds: two of five are killed while a state is written, one loses its newest state."""
    moments = ("write", "any", "any", "write", "saved")
    signals = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    damages = (cut, replaced_by_another)

    def kill(number: int) -> Kill:
        return Kill(random.choice(signals), random.random() < 1 / 3, moments[number % 5], random.uniform(0.05, 0.9))

    return [
        Trial(
            number,
            TASK if number % 3 == 2 else TRAIN,
            [kill(number) for _ in range(2 if number % 4 == 1 else 1)],
            damages[number // 5 % 2] if moments[number % 5] == "saved" else None,
        )
        for number in range(count)
    ]


def tried(trial: Trial, expected: Undisturbed, pristine: Path) -> Outcome:
    """Kill the stage in a copy of the project as the trial says, run it until it ends well, and compare."""
    folder, outcome = pristine.with_name(f"trial {trial.number}"), Outcome(trial)
    shutil.copytree(pristine, folder, symlinks=True)
    for kill in trial.kills:
        if not _killed(kill, expected, folder, outcome):
            break
    left = saved(folder)
    if trial.damage is not None and left:
        trial.damage(states(folder)[-1])
    done = run(f"dvc repro -s {address(trial.stage)}", folder)
    _recorded(folder, trial.stage)
    outcome.wrong += [*_went_on_from(left, trial, done.stderr), *differences(expected, folder)]
    outcome.shares += [step / expected.steps for step in _steps(done.stderr)]
    if outcome.wrong:
        outcome.wrong.append(done.stdout + done.stderr)
    shutil.rmtree(folder)
    return outcome


def _killed(kill: Kill, expected: Undisturbed, folder: Path, outcome: Outcome) -> bool:
    """Whether the kill met the stage at work; a stage that it missed has ended well, and will not run again."""
    with started(f"dvc repro -s {address(expected.stage)}", folder) as work:
        outcome.writes += work.strike(kill, expected.seconds, expected.steps)
        done = work.end()
    if done.returncode:
        outcome.kills.append(kill)
    outcome.shares += [step / expected.steps for step in _steps(done.stdout)]
    return bool(done.returncode)


def _steps(said: str) -> list[int]:
    return [int(step) for step in GOES_ON.findall(said)]


def _went_on_from(left: Sequence[int], trial: Trial, said: str) -> list[str]:
    """What is wrong with where the last start went on, by what it said; it found states of these steps."""
    usable = left[:-1] if trial.damage else left
    is_warned = "not used (" in said
    wrong = [] if _steps(said) == list(usable[-1:]) else [f"went on from {_steps(said)} where {usable} were usable"]
    return wrong if is_warned == bool(trial.damage and left) else [*wrong, "a damaged state, or a word of one, lacks"]


def differences(expected: Undisturbed, folder: Path) -> list[str]:
    """What of the stage's out, of dvc.lock and of MLflow's run is not what it is where nobody was killed."""
    here, there = (checksums(f / out(expected.stage)) for f in (folder, expected.folder))
    wrong = [f"{name} differs" for name in sorted(here.keys() | there.keys()) if here.get(name) != there.get(name)]
    lock = first_difference(expected.folder, folder)
    if finished_runs(folder, expected.stage) != [expected.points]:
        wrong.append("MLflow's finished runs are not the one that was expected")
    return wrong + ([f"dvc.lock: {lock}"] if lock else [])


def out(stage: str) -> str:
    """The out of a stage that has an item.

    >>> out("train@char-gru-1")
    'out/train/char-gru-1'
    """
    return "out/" + stage.replace("@", "/")


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder, by name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def finished_runs(folder: Path, stage: str) -> list[list[tuple[str, int, float]]]:
    """What the finished runs of a stage hold, the clock aside: metric, step and value, as plain SQL tells them."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as db:
        runs = db.execute(FINISHED, [stage]).fetchall()
        return [db.execute(POINTS, run).fetchall() for run in runs]


def _recorded(folder: Path, stage: str) -> None:
    """MLflow holds what was trained while it is trained; the rest when it is asked."""
    if stage.startswith("task"):
        checked(run("unroll sync", folder))
