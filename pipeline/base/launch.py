"""Several processes for one stage: the stage becomes torchrun, which starts it again as often as asked."""

import os
import sys
from collections.abc import Sequence

from pipeline.base.errors import PipelineError


class HelperDoneError(Exception):
    """A helper's part of the stage has ended; all the rest is rank 0's."""


def is_launched() -> bool:
    """Whether torchrun started this process."""
    return "RANK" in os.environ


def is_helper() -> bool:
    """Whether this process helps a stage that another one is: a rank above 0."""
    return int(os.environ.get("RANK", "0")) > 0


def become_torchrun(module: str, argv: Sequence[str], processes: int) -> None:
    """Be replaced by torchrun with `processes` processes of `python -m module argv` on this machine.

    One that dies takes the others with it, and torchrun ends with 1.

    Raises:
        PipelineError: where there are fewer processors than processes.
    """
    if processes > (os.cpu_count() or 1):
        rule, what_to_do = f"at most the processors of this machine, {os.cpu_count()}", "set fewer"
        raise PipelineError("params.yaml: processes", rule, processes, what_to_do)
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", module, *argv]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun would set it, and say so; runtime.threads counts anyway
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *run])
