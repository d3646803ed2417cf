"""When each stage starts, and what happens when one fails or a signal asks to stop."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pipeline.base.errors import EXIT_OK
from pipeline.repro.job import Job, end
from pipeline.repro.order import entries_before, forget_before, sort_new_entries
from pipeline.repro.plan import Plan, make_plan
from pipeline.repro.shown import Shown, say_failures, say_up_to_date
from pipeline.stage.locks import alone
from pipeline.stage.output import WORK

TICK_SECONDS = 0.05


class StoppedError(Exception):
    """A signal asks to stop."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.number = number

    @property
    def code(self) -> int:
        """The exit code of a command that this signal ended."""
        return 128 + self.number


def run(root: Path, targets: Sequence[str], num_jobs: int) -> int:
    """Run what has changed, at most so many stages at a time; returns the exit code of the first that failed, or 0.

    Raises:
        BusyError: where another process runs stages of this project.
        PipelineError: where a target is no stage.
        StoppedError: at Ctrl-C, SIGTERM and SIGHUP, when all that was started has ended.
    """
    with alone(root / WORK / "locks" / "repro", "unroll repro"), _hearing():
        plan = make_plan(root, targets)
        before = entries_before(root, plan.locks)
        try:
            code = _run(plan, num_jobs)
        finally:
            sort_new_entries(root, plan.locks, before)
        if code == EXIT_OK:
            forget_before(root)
        return code


def _run(plan: Plan, num_jobs: int) -> int:
    if not plan.waits_for:
        say_up_to_date(plan.num_stages)
    waiting, running, failed, done = dict(plan.waits_for), list[Job](), list[Job](), set[str]()
    with Shown(len(waiting)) as shown, _ended_together(running):
        while running or any(_ready(waiting, done)):
            for stage in _ready(waiting, done)[: num_jobs - len(running)]:
                del waiting[stage]
                running.append(Job(stage))
                shown.started(running[-1])
            time.sleep(TICK_SECONDS)
            shown.look()
            for job in [job for job in running if job.has_ended]:
                running.remove(job)
                job.kill()  # a DVC that was killed leaves its stage at work
                shown.ended(job)
                failed.append(job) if job.code else done.add(job.address)
    say_failures(failed, list(waiting))
    return failed[0].code if failed else EXIT_OK


def _ready(waiting: Mapping[str, frozenset[str]], done: set[str]) -> list[str]:
    """The stages whose upstream stages are all done."""
    return [stage for stage, wanted in waiting.items() if wanted <= done]


@contextmanager
def _ended_together(running: list[Job]) -> Iterator[None]:
    """Whatever ends the block, no stage outlives it."""
    try:
        yield
    except BaseException as error:
        end(running, error.number if isinstance(error, StoppedError) else signal.SIGKILL)
        raise


@contextmanager
def _hearing() -> Iterator[None]:
    """Raise what asks to stop. A signal that is ignored when we start, as in a shell's background, stays ignored."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise StoppedError(signal.Signals(number))

    heard = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
