"""Several processes for one stage: it starts itself again as often as asked, and says what went wrong in them."""

import os
import pkgutil
import sys
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from signal import Signals
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.base.errors import EXIT_USER_ERROR, PipelineError
from pipeline.base.launch import Launch, start_as, this_launch

GRACE_SECONDS = 90
"""How long rank 0 has to end by itself when a helper has failed: it tells MLflow, which may take a minute."""


class RankFailedError(Exception):
    """A process of the stage has failed: the exit code for all of them, and what it said."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def say(message: str) -> None:
    """Write an error to stderr; a rank leaves it to the process that started it, which says one of them, once."""
    this = this_launch()
    if this.folder is None:
        sys.stderr.write(message.rstrip() + "\n")
    else:
        _errors(this.folder, this.rank).write_text(message, encoding="utf-8", errors="backslashreplace")


def launch(entry: str, argv: Sequence[str], processes: int) -> None:
    """Call `entry` (`module:function`) with `argv` in so many processes of this machine; it returns an exit code.

    One that fails takes the others with it. All of them end with this process, however it ends.

    Raises:
        PipelineError: where there are fewer processors than processes.
        RankFailedError: where one of them has failed.
    """
    from torch.multiprocessing.spawn import start_processes  # here, so that stages without torch start without it

    if processes > (os.cpu_count() or 1):
        rule, what_to_do = f"at most the processors of this machine, {os.cpu_count()}", "set fewer"
        raise PipelineError("params.yaml: processes", rule, processes, what_to_do)
    with TemporaryDirectory() as folder:
        context: Any = start_processes(_start, (entry, argv, processes, Path(folder)), processes, join=False)
        ranks: list[BaseProcess] = context.processes
        try:
            _wait(ranks)
            codes = [rank.exitcode for rank in ranks]
        finally:  # also at Ctrl-C, which the ranks hear, too
            _end(ranks)
        if any(codes):
            raise _failure(Path(folder), codes, [rank.exitcode for rank in ranks])


def _start(rank: int, entry: str, argv: Sequence[str], size: int, folder: Path) -> None:
    start_as(Launch(rank, size, folder))
    sys.exit(pkgutil.resolve_name(entry)(argv))


def _wait(ranks: Sequence[BaseProcess]) -> None:
    """Until all have ended well, or one has not."""
    while (running := [rank for rank in ranks if rank.exitcode is None]) and not any(rank.exitcode for rank in ranks):
        wait([rank.sentinel for rank in running])


def _end(ranks: Sequence[BaseProcess]) -> None:
    """Rank 0 ends by itself where it can, all others at once."""
    ranks[0].join(GRACE_SECONDS)
    for signal_to in (BaseProcess.terminate, BaseProcess.kill):
        for rank in ranks:
            signal_to(rank)
        for rank in ranks:
            rank.join(1)


def _failure(folder: Path, first: Sequence[int | None], last: Sequence[int | None]) -> RankFailedError:
    """What explains the exit codes: a user's error, then a signal from outside, then any other error."""
    said = [(code, _errors(folder, rank)) for rank, code in enumerate(last) if _errors(folder, rank).exists()]
    of_user = [path.read_text(encoding="utf-8") for code, path in said if code == EXIT_USER_ERROR]
    if of_user:
        return RankFailedError(EXIT_USER_ERROR, of_user[0])
    for rank, code in enumerate(first):
        if code is not None and code < 0:
            rule, got = "it must run to the end", f"{Signals(-code).name} from outside"
            what_to_do = "where memory was short, lower batch_size or processes; then run the command again"
            return RankFailedError(EXIT_USER_ERROR, str(PipelineError(f"process {rank}", rule, got, what_to_do)))
    code = next(code for code in first if code)
    return RankFailedError(code, said[0][1].read_text(encoding="utf-8") if said else f"exit code {code}")


def _errors(folder: Path, rank: int) -> Path:
    return folder / f"error-{rank}.txt"
