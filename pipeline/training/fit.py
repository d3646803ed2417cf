"""Train a network for an objective."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from pipeline.base.artifacts import LogRows, Resume, Row
from pipeline.base.errors import HelperDoneError
from pipeline.base.memory import check_memory
from pipeline.base.params import Precision
from pipeline.training.diverged import DivergedError
from pipeline.training.history import History
from pipeline.training.learner import Learner
from pipeline.training.lightning import run
from pipeline.training.objective import Objective
from pipeline.training.precision import check_precision
from pipeline.training.progress import progress
from pipeline.training.ranks import Ranks, check_accelerator
from pipeline.training.validation import Validation, validation_steps

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Trained:
    """How a training went. The network it was given holds the best weights."""

    history: Sequence[Row]
    best_step: int
    targets_seen: int
    grad_norms: Sequence[float]
    """Of every step, before clipping."""

    def norm_metrics(self, max_grad_norm: float | None) -> dict[str, float]:
        """What the optimiser met: the norms before clipping, and the share of steps at which it clipped."""
        norms = np.array(self.grad_norms)
        clipped = norms > (np.inf if max_grad_norm is None else max_grad_norm)
        return {
            "grad_norm/mean": float(norms.mean()),
            "grad_norm/median": float(np.median(norms)),
            "grad_norm/p99": float(np.quantile(norms, 0.99)),
            "grad_norm/max": float(norms.max()),
            "grad_norm/share_clipped": float(clipped.mean()),
            "grad_norm/nonfinite_steps": 0.0,  # the first ends the training with an error
        }


def fit(
    network: N,
    objective: Objective[N],
    *,
    learning_rate: float,
    weight_decay: float,
    max_grad_norm: float | None,
    num_validations: int,
    log_every_steps: int,
    accelerator: str,
    precision: Precision,
    seed: int,
    live: LogRows,
    resume: Resume | None = None,
) -> Trained:
    """Take every step of the objective, keep the weights that did best on its validation split.

    Args:
        learning_rate: the peak of the one-cycle schedule.
        max_grad_norm: of the gradient of a target's mean loss; None clips nothing.
        num_validations: evenly spaced, the last one at the end.
        accelerator: Lightning's name of it: auto, cpu or gpu.
        precision: of the forward pass and the loss while the network learns.
        live: takes the rows of the history while the network trains.
        resume: where a training that was killed resumes; in its files are the weights at each validation.

    Raises:
        DivergedError: where the loss or its gradient is not finite.
        HelperDoneError: at the end, where this process only helps rank 0.
    """
    ranks = Ranks.of_launch()
    check_accelerator(accelerator, ranks.size)
    check_precision(precision, accelerator)
    weights = sum(parameter.nbytes for parameter in network.parameters())
    check_memory(4 * weights, "the model's weights, their gradients and AdamW's two averages of them")
    torch.manual_seed(dropout_seed(seed, ranks.rank))
    learner = Learner(
        network,
        objective,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        max_grad_norm=max_grad_norm,
        precision=precision,
        ranks=ranks,
    )
    steps = validation_steps(objective.num_steps, num_validations)
    validation = Validation(objective, steps, resume.files if resume else None)
    with progress(objective.num_steps, objective.loss_name) as bar, ranks.joined():
        history = History(validation, log_every_steps, [live, bar] if ranks.is_first else [], resume)
        _restore(resume, learner, history)
        _learn(learner, history, accelerator)
    if not ranks.is_first:
        raise HelperDoneError
    sys.stderr.write(f"{history.clock}\n")
    assert validation.best is not None
    network.load_state_dict(validation.best.weights)
    return Trained(history.rows, validation.best.step, history.meter.targets_seen, history.meter.grad_norms)


def dropout_seed(seed: int, rank: int) -> int:
    """The seed of a rank's own draws, which are dropout's; below 2**32, for torch reads no further bits on the CPU.

    >>> dropout_seed(7, rank=0)
    7
    """
    return seed if rank == 0 else Random(f"rank {rank} of {seed}").getrandbits(32)


def _restore(resume: Resume | None, learner: Learner[N], history: History) -> None:
    """Bring everything to where the killed training was."""
    captured = learner.ranks.gathered(resume.load() if resume else None)[0]
    if not captured:
        return
    learner.restore(captured["learner"])
    if learner.ranks.is_first:
        history.restore(captured["history"])
        sys.stderr.write(f"going on after step {learner.step} of {learner.objective.num_steps}\n")


def _learn(learner: Learner[N], history: History, accelerator: str) -> None:
    """Take the steps that are left."""
    if learner.steps_left == 0:
        return
    try:
        run(learner, history.on_step, accelerator)
    except DivergedError as error:
        history.on_divergence(error)
        raise
