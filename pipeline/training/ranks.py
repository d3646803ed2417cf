"""Several processes at one training: each takes its share of the lanes, and all end with the same weights.

pipeline/base/launch.py starts them (`processes` of params.yaml). Rank 0 is the stage: it alone validates, saves, logs
and writes outs. They are on one machine, and meet in a file and on its loopback interface: no name is looked up.
"""

import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.base.errors import PipelineError
from pipeline.base.launch import this_launch
from pipeline.tokens.windows import IGNORED
from pipeline.training.data import Batch
from pipeline.training.lightning import ClusterEnvironment


@dataclass(frozen=True)
class Ranks:
    """Which of `size` processes this one is."""

    rank: int = 0
    size: int = 1

    meeting: Path | None = None
    """Where the processes find each other: a file that the first of them makes."""

    @classmethod
    def of_launch(cls) -> "Ranks":
        """As this process was started."""
        launch = this_launch()
        return cls(launch.rank, launch.size, launch.folder and launch.folder / "meeting")

    @property
    def is_first(self) -> bool:
        """Whether this process is the stage, and no helper of it."""
        return self.rank == 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """The processes can talk to each other meanwhile: gloo between CPUs, nccl between GPUs."""
        if self.size == 1:
            yield
            return
        loopback = next(name for _, name in socket.if_nameindex() if name.startswith("lo"))
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = loopback
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        store = dist.FileStore(str(self.meeting), self.size)  # pyright: ignore[reportPrivateImportUsage]
        dist.init_process_group(backend, store=store, rank=self.rank, world_size=self.size)
        try:
            yield
        finally:
            dist.destroy_process_group()

    def share(self, batch: Batch) -> Batch:
        """This rank's lanes of a window; where there are fewer lanes than ranks, one whose targets count nothing.

        >>> window = torch.tensor([[1], [2], [3]])
        >>> Ranks(1, 2).share((window, window, window[:, 0] > 9))[0].tolist()
        [[2], [3]]
        """
        inputs, targets, fresh = batch
        at = slice(self.rank * len(fresh) // self.size, (self.rank + 1) * len(fresh) // self.size)
        if at.start == at.stop:
            return inputs[:1], torch.full_like(targets[:1], IGNORED), fresh[:1]
        return inputs[at], targets[at], fresh[at]

    def summed(self, *numbers: float) -> list[float]:
        """Each number summed over the ranks."""
        if self.size == 1:
            return list(numbers)
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def gathered(self, value: Any) -> list[Any]:
        """The values of all ranks, in order: tensors, numbers, text, and lists and dicts of them."""
        if self.size == 1:
            return [value]
        buffer = io.BytesIO()
        torch.save(value, buffer)
        own = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
        lengths = [int(n) for n in self._gathered(torch.tensor([len(own)]))]
        padded = torch.zeros(max(lengths), dtype=torch.uint8)
        padded[: len(own)] = own
        parts = zip(self._gathered(padded), lengths, strict=True)
        return [torch.load(io.BytesIO(part[:n].numpy().tobytes()), weights_only=True) for part, n in parts]

    def _gathered(self, own: Tensor) -> list[Tensor]:
        parts = [torch.empty_like(own) for _ in range(self.size)]
        dist.all_gather(parts, own)
        return parts


def check_accelerator(wanted: str, size: int) -> None:
    """See that each of so many ranks has the accelerator that is wanted.

    Raises:
        PipelineError: where there are too few GPUs, or the first does not work.
    """
    gpus = torch.cuda.device_count() or int(torch.backends.mps.is_available())
    if wanted == "cpu" or (wanted == "auto" and gpus == 0):
        return
    where, what_to_do = "params.yaml: runtime.accelerator", "set cpu, or correct the driver or CUDA_VISIBLE_DEVICES"
    if gpus < size:
        rule = f"{wanted} needs a GPU for each process, {size}"
        raise PipelineError(where, rule, f"{gpus} that torch can use", what_to_do)
    try:
        torch.zeros(1, device="cuda" if torch.cuda.device_count() else "mps")
    except Exception as error:  # torch's classes for it differ from version to version
        raise PipelineError(where, "a GPU that works", str(error).partition("\n")[0], what_to_do) from None


class OwnRanks(ClusterEnvironment):
    """What Lightning is told of our ranks, so that it looks for no torchrun, SLURM, LSF or MPI in the environment."""

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    @property
    def creates_processes_externally(self) -> bool:
        """Lightning starts none."""
        return True

    @property
    def main_address(self) -> str:
        """Not used, nor is the port: the ranks have joined before Lightning starts."""
        return "127.0.0.1"

    @property
    def main_port(self) -> int:
        """Not used."""
        return 0

    @staticmethod
    def detect() -> bool:
        """Nothing is looked for."""
        return True

    def world_size(self) -> int:
        """The number of ranks."""
        return self._ranks.size

    def set_world_size(self, size: int) -> None:
        """It is what it was started as."""

    def global_rank(self) -> int:
        """The rank, which is that of this machine, too."""
        return self._ranks.rank

    def set_global_rank(self, rank: int) -> None:
        """It is what it was started as."""

    def local_rank(self) -> int:
        """The rank: all are on one machine."""
        return self._ranks.rank

    def node_rank(self) -> int:
        """There is one machine."""
        return 0
