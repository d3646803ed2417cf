"""What a stage that runs long is given: somebody who watches it, and a place to go on from after a kill.

Both need the identity that DVC gives a stage. One that is called without DVC is neither watched nor resumed.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.base.artifacts import Row
from pipeline.stage.output import WORK
from pipeline.stage.resume import ResumePlace, resumption

Finish = Callable[[Path], None]
"""Completes the stage's run in MLflow from the folder that holds its record."""


@contextmanager
def watched(
    wanted: Set[str], every_seconds: float, params: Mapping[str, Any], tags: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], Finish]]:
    """The arguments among `live` and `resume` that are wanted, and what to call when the out is written.

    A stage leaves nothing behind, neither a state nor a run in MLflow, before it has run for `every_seconds`; only an
    error or Ctrl-C leaves its run at any time.
    """
    with ExitStack() as stack:
        if not wanted or "DVC_ROOT" not in os.environ:
            yield stack.enter_context(unwatched(wanted)), _nothing
            return
        from pipeline import tracking

        work, given, finish = tracking.current_work(), {}, _nothing
        if "resume" in wanted:
            place = resumption(Path(os.environ["DVC_ROOT"]) / WORK, work.key, every_seconds)
            given["resume"] = stack.enter_context(place)
        if "live" in wanted:
            run = stack.enter_context(tracking.live_run(work, params, tags, every_seconds))
            given["live"], finish = run.log, run.finish
        yield given, finish


@contextmanager
def unwatched(wanted: Set[str]) -> Iterator[dict[str, Any]]:
    """The same arguments, for a stage whose rows are in its record alone and which begins anew after a kill."""
    with TemporaryDirectory() as folder:
        given = {"live": _drop, "resume": ResumePlace(Path(folder), "", math.inf)}
        yield {name: given[name] for name in wanted}


def _drop(rows: Sequence[Row]) -> None:
    """Nobody watches."""


def _nothing(out: Path) -> None:
    """There is no run to complete."""
