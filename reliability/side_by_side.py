"""Trials of `unroll repro --jobs 2`: it is killed, or what it runs; it is run until it ends well, and what it leaves is
compared with what `dvc repro` leaves where nobody was killed.
"""

import shlex
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import DEVNULL, Popen
from typing import Literal

import psutil

from reliability.kills import SLOW_DISK
from reliability.project import address, checked, environment, run
from reliability.trials import TASK, TRAIN, Undisturbed, differences, finished_runs

COMMAND = f"unroll repro --jobs 2 {TRAIN} {TASK}"
Victim = Literal["unroll", "DVC", "stage"]
SIGNALS: dict[Victim, Sequence[signal.Signals]] = {
    "unroll": (signal.SIGKILL, signal.SIGTERM, signal.SIGINT),
    "DVC": (signal.SIGKILL, signal.SIGTERM),  # while a stage runs, DVC leaves SIGINT to it
    "stage": (signal.SIGKILL, signal.SIGTERM, signal.SIGINT),
}


@dataclass(frozen=True)
class Blow:
    """Who is killed, how, and when."""

    victim: Victim
    signal: signal.Signals
    share: float
    """Of the time that both stages take one after the other."""


@dataclass
class Outcome:
    """How a trial went."""

    number: int
    blows: list[Blow] = field(default_factory=list)
    """Those that met their victim at work."""
    wrong: list[str] = field(default_factory=list)
    """What is not as it must be."""


def trials(count: int, random: Random) -> list[list[Blow]]:
    """The blows of each trial; of four, two are at `unroll repro` itself, and every third takes two."""
    victims: Sequence[Victim] = ("unroll", "DVC", "unroll", "stage")

    def blow(victim: Victim) -> Blow:
        return Blow(victim, random.choice(SIGNALS[victim]), random.uniform(0.05, 0.5))

    return [[blow(victims[number % 4]) for _ in range(2 if number % 3 == 0 else 1)] for number in range(count)]


def both_undisturbed(pristine: Path) -> list[Undisturbed]:
    """Run both stages by `dvc repro` in a copy of the project, beside it."""
    folder = pristine.with_name("both undisturbed")
    shutil.copytree(pristine, folder, symlinks=True)
    start = time.monotonic()
    checked(run(f"dvc repro -s {TRAIN} {address(TASK)}", folder, SLOW_DISK))
    seconds = time.monotonic() - start
    checked(run("unroll sync", folder))
    return [Undisturbed(stage, folder, seconds, *finished_runs(folder, stage)) for stage in (TRAIN, TASK)]


def tried(number: int, blows: Sequence[Blow], expected: Sequence[Undisturbed], pristine: Path) -> Outcome:
    """Strike in a copy of the project, run the command until it ends well, and compare."""
    folder, outcome = pristine.with_name(f"side by side {number}"), Outcome(number)
    shutil.copytree(pristine, folder, symlinks=True)
    for blow in blows:
        if _struck(blow, folder, expected[0].seconds):
            outcome.blows.append(blow)
    done = run(COMMAND, folder)
    checked(run("unroll sync", folder))
    outcome.wrong = [line for of_stage in expected for line in differences(of_stage, folder)]
    if done.returncode or outcome.wrong:
        outcome.wrong.append(f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    shutil.rmtree(folder)
    return outcome


def _struck(blow: Blow, folder: Path, seconds: float) -> bool:
    """Whether the blow met its victim; when this returns, nobody is at work in the folder."""
    env = {**environment(), **SLOW_DISK}
    with Popen(
        shlex.split(COMMAND), cwd=folder, env=env, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    ) as command:
        until = time.monotonic() + blow.share * seconds
        while time.monotonic() < until or not (victims := list(_victims(blow.victim, command.pid))):
            if command.poll() is not None:
                return False
            time.sleep(0.01)
        with suppress(psutil.NoSuchProcess):
            victims[-1].send_signal(blow.signal)
    while any(_at_work(folder)):
        time.sleep(0.05)
    return command.returncode != 0


def _victims(victim: Victim, unroll: int) -> Iterator[psutil.Process]:
    """The processes that are called so, of the `unroll repro` with this pid."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(unroll)
        if victim == "unroll":
            yield process
            return
        prefix = "pipeline.repro.one_stage" if victim == "DVC" else "stages."
        for below in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                _, option, module, *_ = [*below.cmdline(), "", "", ""]
                if option == "-m" and module.startswith(prefix):
                    yield below


def _at_work(folder: Path) -> Iterator[psutil.Process]:
    """Every process in the folder, whoever is its parent by now."""
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            is_alive = process.status() != psutil.STATUS_ZOMBIE
            if is_alive and Path(process.cwd()) == folder.resolve():
                yield process
