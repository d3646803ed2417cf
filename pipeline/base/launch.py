"""Which of several processes of one stage this one is.

It comes with the start of the process (pipeline/stage/processes.py). No environment says it, so nothing that another
launcher (torchrun, SLURM, MPI, Kubernetes) has left there is mistaken for ours.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Launch:
    """This process is the one of number `rank` among `size`."""

    rank: int = 0
    size: int = 1
    folder: Path | None = None
    """Where the processes find each other and leave their errors; None in a stage of one process."""

    @property
    def is_launched(self) -> bool:
        """Whether another process of ours has started this one."""
        return self.folder is not None

    @property
    def is_helper(self) -> bool:
        """Whether this process helps a stage that another one is: a rank above 0."""
        return self.rank > 0


_launch = Launch()


def this_launch() -> Launch:
    """What this process was started as: the whole stage, unless it was told otherwise."""
    return _launch


def start_as(launch: Launch) -> None:
    """Be this one of the processes."""
    global _launch
    _launch = launch
