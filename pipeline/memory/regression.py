"""A recurrent stack that reads vectors and answers with one number after the last step."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.base.artifacts import Row
from pipeline.base.errors import PipelineError
from pipeline.base.params import Model
from pipeline.base.resume import Resume
from pipeline.networks.build import build_language_model
from pipeline.networks.cloze import ClozeModel

Examples = tuple[Tensor, Tensor]
"""Sequences (B, T, I), and the number asked of each (B)."""


class Regressor(nn.Module):
    """The stack of a model, I inputs wide, under a linear readout of its last state.

    A model of both directions reads the sequence both ways, and the readout both last states: the left one after
    step T, the right one after step 1.
    """

    def __init__(self, model: Model, num_inputs: int, seed: int) -> None:
        super().__init__()
        one_output = model.model_copy(update={"embedding_size": num_inputs, "tied_embeddings": False})
        network = build_language_model(one_output, vocabulary_size=1, seed=seed)
        is_cloze = isinstance(network, ClozeModel)
        self.stacks = nn.ModuleList([network.left, network.right] if is_cloze else [network.stack])
        self.readout = network.readout

    def forward(self, x: Float[Tensor, "B T I"]) -> Float[Tensor, " B"]:
        """One number a sequence."""
        ends = [stack(way)[0][:, -1] for stack, way in zip(self.stacks, (x, x.flip(1)), strict=False)]
        return self.readout(torch.cat(ends, dim=1)[:, None])[:, 0, 0]


def fit_regressor(
    network: Regressor,
    data: Sequence[Examples],
    *,
    learning_rate: float,
    weight_decay: float,
    max_grad_norm: float | None,
    log_every_steps: int,
    resume: Resume | None = None,
) -> list[Row]:
    """Least squares, one optimiser step a batch, as the language models learn: AdamW, one cycle, clipped gradients.

    Every batch is new, so there is nothing to overfit: the last weights stay.

    Args:
        resume: where a training that was killed goes on.

    Returns:
        Rows of the mean squared error since the row before.

    Raises:
        PipelineError: where the loss is not finite.
    """
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, learning_rate, total_steps=len(data) + 1, cycle_momentum=False
    )
    learner = _Learner(network, optimizer, schedule)
    done = learner.go_on(resume)
    for step, (inputs, targets) in enumerate(data[done:], done + 1):
        loss = F.mse_loss(network(inputs), targets)
        learner.losses.append(loss.item())
        if not math.isfinite(loss.item()):
            raise PipelineError(f"training step {step}", "the loss stays finite", loss.item(), "lower learning_rate")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), math.inf if max_grad_norm is None else max_grad_norm)
        optimizer.step()
        schedule.step()
        if step % log_every_steps == 0 or step == len(data):
            learner.write_down(step)
        if resume is not None and (resume.is_due or step == len(data)):
            resume.save(step, learner.captured(step))
    return learner.rows


@dataclass
class _Learner:
    """What changes from step to step, and the losses written down."""

    network: Regressor
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.OneCycleLR
    rows: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """Since the last row."""

    def write_down(self, step: int) -> None:
        self.rows.append(Row(step, {"train/squared_error": sum(self.losses) / len(self.losses)}))
        self.losses = []

    def captured(self, step: int) -> dict[str, Any]:
        return {
            "step": step,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),
            "rows": [(row.step, dict(row.metrics)) for row in self.rows],
            "losses": self.losses,
        }

    def go_on(self, resume: Resume | None) -> int:
        """Go on from what was captured; how many steps were done."""
        captured = resume and resume.load()
        if not captured:
            return 0
        for part in ("network", "optimizer", "schedule"):
            getattr(self, part).load_state_dict(captured[part])
        torch.set_rng_state(captured["random"])
        self.rows = [Row(step, metrics) for step, metrics in captured["rows"]]
        self.losses = captured["losses"]
        sys.stderr.write(f"going on after step {captured['step']}\n")
        return captured["step"]
