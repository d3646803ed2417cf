"""A stage that DVC runs is killed: how it is started, which moment is waited for, and what is struck."""

import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess, Popen
from tempfile import TemporaryFile
from typing import IO, Literal

import psutil

from reliability.project import ROOT, environment

Moment = Literal["any", "saved", "write"]
"""`any`: at a share of its time; `saved`: after a share of its steps, with two states on the disk, one at least of this
start; `write`: the same, and while another is being written."""

SLOW_DISK = {"PYTHONPATH": str(ROOT / "reliability/slow_disk")}


@dataclass(frozen=True)
class Kill:
    """What is done to a stage, and when."""

    signal: signal.Signals
    group: bool
    """DVC is struck, too, at the same time: a power cut, or Ctrl-C in a terminal."""
    moment: Moment
    share: float


@dataclass(frozen=True)
class Started:
    """A command at work, in a process group of its own, and the process of its stage."""

    folder: Path
    command: Popen[str]
    stage: psutil.Process
    log: IO[str]
    begun_after: int
    """The step of the newest state that it found."""

    def end(self) -> CompletedProcess[str]:
        """Wait for the command, not for an orphan that it leaves; what both have said until then."""
        code = self.command.wait()
        self.log.seek(0)
        return CompletedProcess(self.command.args, code, self.log.read())

    def wait_until(self, ready: Callable[[], object], every_seconds: float = 0.01) -> bool:
        """Whether it came to be ready while the stage was at work."""
        with suppress(psutil.NoSuchProcess):  # it ended while `ready` looked at it
            while is_alive(self.stage):
                if ready():
                    return True
                time.sleep(every_seconds)
        return False

    def wait_for_end(self) -> None:
        """Until the stage has ended, however."""
        self.wait_until(lambda: False)

    def strike(self, kill: Kill, seconds: float, steps: int) -> bool:
        """Kill it when its moment has come, unless it has ended; whether a state was being written.

        Args:
            kill: what is done, and when.
            seconds: what the stage takes when nobody disturbs it.
            steps: what it learns.
        """
        if kill.moment == "any":
            self.wait_until(lambda: time.time() - self.stage.create_time() >= kill.share * seconds)
        else:
            enough = max(kill.share * steps, self.begun_after + 1)
            self.wait_until(lambda: len(found := saved(self.folder)) > 1 and found[-1] >= enough)
        in_write = kill.moment == "write" and self.wait_until(self._stands_in_a_write, every_seconds=0.002)
        if is_alive(self.stage):
            self.send(kill.signal, kill.group)
        self.wait_for_end()
        return in_write

    def send(self, what: signal.Signals, group: bool) -> None:
        """Send a signal to the stage, or to the whole group; one that stands still goes on to meet it."""
        send, target = (os.killpg, self.command.pid) if group else (os.kill, self.stage.pid)
        with suppress(ProcessLookupError):  # it has ended by now, perhaps of the signal
            send(target, what)
            send(target, signal.SIGCONT)

    def _stands_in_a_write(self) -> bool:
        """Stop the stage where a state is being written; it goes on where the write was over before it stood."""
        if not _is_writing(self.folder):
            return False
        self.stage.suspend()
        while self.stage.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
            time.sleep(0.0003)
        if _is_writing(self.folder):
            return True
        self.stage.resume()
        return False


@contextmanager
def started(command: str, folder: Path) -> Iterator[Started]:
    """Run a command that runs one stage, on a slow disk.

    The block begins with the stage's process, and nothing of it outlives it.
    """
    newest = max(saved(folder), default=0)
    with (
        TemporaryFile("a+", encoding="utf-8", errors="replace") as log,  # "a": reading moves no writer's place
        Popen(
            shlex.split(command),
            cwd=folder,
            env={**environment(), **SLOW_DISK},
            stdout=log,
            stderr=log,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Started(folder, process, _stage_of(process, folder), log, newest)
            process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _stage_of(process: Popen[str], folder: Path) -> psutil.Process:
    while process.poll() is None:
        for stage in _stages_below(folder):
            return stage
        time.sleep(0.01)
    raise AssertionError(f"{process.args} ran no stage")


def _stages_below(folder: Path) -> Iterator[psutil.Process]:
    """Stages at work, and not the shell that DVC runs one by: bash becomes the stage, dash waits beside it."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            _, option, module, *_ = [*process.cmdline(), "", "", ""]
            is_stage = option == "-m" and module.startswith("stages.")
            if is_stage and Path(process.cwd()).is_relative_to(folder.resolve()):
                yield process


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended, and that nobody has asked about, does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def saved(folder: Path) -> list[int]:
    """The steps of the states that lie in a project, of whichever work; the newest last."""
    return sorted(int(path.stem.partition("-")[2]) for path in states(folder))


def states(folder: Path) -> list[Path]:
    """The states that lie in a project, of whichever work, by step."""
    return sorted((folder / ".work/resume").glob("*/state-*.pt"), key=lambda path: path.name)


def _is_writing(folder: Path) -> bool:
    return any((folder / ".work/resume").glob("*/state-*.pt.partial"))
