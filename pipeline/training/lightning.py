"""Lightning, and all that it needs to be worked around.

Each workaround says why it is there and for which version; tests/training/test_lightning.py fails when one is not
needed any more.
"""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from pipeline.training.learner import Learner, Step
from pipeline.training.objective import Batch
from pipeline.training.ranks import Ranks


def _forget_other_launchers() -> None:
    """Lightning 2.6 reads, when it is imported, which rank of another launcher this is, and arguments of its Trainer
    (`PL_TRAINER_MAX_STEPS`) from the environment. Neither is ours."""
    others = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
    for name in [name for name in os.environ if name in others or name.startswith("PL_")]:
        del os.environ[name]


_forget_other_launchers()
import pytorch_lightning as pl  # noqa: E402
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment  # noqa: E402

OnStep = Callable[[Learner[Any], Step], None]


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


class LearnerModule(pl.LightningModule):
    """A learner as Lightning runs it.

    Lightning 2.6: the step takes its batch from the iterator and moves the weights itself ("manual optimisation").
    The hooks that Lightning calls around both otherwise take longer than a small network may wait
    (docs/performance.md, "Training").
    """

    def __init__(self, learner: Learner[Any], on_step: OnStep) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.network = learner.network
        self.learner, self.on_step = learner, on_step

    def training_step(self, dataloader_iter: Iterator[tuple[Batch, int, int]]) -> None:
        """Learn from the next batch."""
        # Lightning 2.6: its own backward, which has DDP average the gradients, is slower
        backward = Tensor.backward if self.learner.ranks.size == 1 else self.manual_backward
        try:
            batch, _, _ = next(dataloader_iter)
            self.on_step(self.learner, self.learner.learn(batch, self.device, backward))
        except StopIteration as error:  # Lightning 2.6 would end the training here, as if it had come to its end
            raise RuntimeError(f"StopIteration in a step, with {self.learner.steps_left} steps left") from error

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The learner's, which steps it, and its schedule, itself."""
        return self.learner.optimizer

    def on_train_start(self) -> None:
        """Nothing draws a number between this and the first step."""
        self.learner.start(self.device)


def run(learner: Learner[Any], on_step: OnStep, accelerator: str) -> None:
    """Take the steps that are left, and call `on_step` after each."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # Lightning 2.6: lines about absent GPUs and TPUs
    trainer = pl.Trainer(
        max_epochs=1,
        limit_train_batches=learner.steps_left,
        accelerator=accelerator,
        devices=learner.ranks.size,
        plugins=[OwnRanks(learner.ranks)],
        strategy="ddp" if learner.ranks.size > 1 else "auto",
        use_distributed_sampler=False,  # every rank reads every batch and takes its lanes of it
        logger=False,
        enable_checkpointing=False,  # what Lightning resumes is not exact: History saves the states
        enable_model_summary=False,
        enable_progress_bar=False,
        deterministic=True,
    )
    # torch 2.13: deterministic=True fills every new tensor with NaN first otherwise, 1 to 9 % of a step
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    with warnings.catch_warnings():
        # Lightning 2.6 uses what torch 2.13 deprecates
        warnings.filterwarnings("ignore", message=".*LeafSpec", category=FutureWarning)
        # Lightning 2.6 calls a step that takes the iterator experimental: constraints.txt pins the version
        warnings.filterwarnings("ignore", message=".*`dataloader_iter`")
        try:
            trainer.fit(LearnerModule(learner, on_step), learner.objective.batches(learner.step))
        except SystemExit:
            raise KeyboardInterrupt from None  # Lightning 2.6 turns Ctrl-C into an exit with 1
