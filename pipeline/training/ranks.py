"""Several processes at one training: each takes its share of the lanes, and all end with the same weights.

torchrun starts them (`processes` of params.yaml; pipeline/stage.py calls it) and says by its environment which rank
each is. Rank 0 is the stage: it alone validates, saves, logs and writes outs.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.training.objective import Batch


@dataclass(frozen=True)
class Ranks:
    """Which of `size` processes this one is."""

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> "Ranks":
        """As torchrun says; one alone without it."""
        return cls(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

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
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        try:
            yield
        finally:
            dist.destroy_process_group()

    def share(self, batch: Batch) -> tuple[Batch, int]:
        """This rank's lanes of a batch, and the weight of their loss.

        It is 1; where there are fewer lanes than ranks, one is read for nothing: its weight is 0.

        >>> lanes = torch.tensor([[1], [2], [3]])
        >>> own, weight = Ranks(1, 2).share((lanes, lanes[:, 0] > 2))
        >>> own[0].tolist(), own[1].tolist(), weight
        ([[2], [3]], [False, True], 1)
        """
        lanes = len(batch[0])
        first, stop = self.rank * lanes // self.size, (self.rank + 1) * lanes // self.size
        if first == stop:
            return tuple(part[:1] for part in batch), 0
        return tuple(part[first:stop] for part in batch), 1

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
