"""Each workaround for Lightning is needed still: one that is not makes its test fail, and may be deleted."""

import cProfile
import logging
import pstats
import signal
import warnings
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

BARE = {
    "accelerator": "cpu",
    "logger": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "enable_progress_bar": False,
    "max_epochs": 1,
}


class OneLayer(pl.LightningModule):
    """What both kinds of modules share."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


class Automatic(OneLayer):
    """A module as Lightning's documentation writes it."""

    def training_step(self, batch: Tensor) -> Tensor:
        return self.layer(batch).sum()


class Manual(OneLayer):
    """A module that takes its batches and moves its weights itself, as ours does."""

    def __init__(self, lightnings_backward: bool) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.lightnings_backward = lightnings_backward

    def training_step(self, dataloader_iter) -> None:
        optimizer: Any = self.optimizers(use_pl_optimizer=False)
        loss = self.layer(next(dataloader_iter)[0]).sum()
        optimizer.zero_grad()
        self.manual_backward(loss) if self.lightnings_backward else loss.backward()
        optimizer.step()


def run_bare(module: pl.LightningModule, steps: int = 2, **settings) -> None:
    """Run a module with no workaround."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pl.Trainer(limit_train_batches=steps, **{**BARE, **settings}).fit(module, iter([torch.ones(3, 2)] * steps))


@pytest.mark.parametrize(("module", "said"), [(Automatic(), "LeafSpec"), (Manual(False), "`dataloader_iter`")])
def test_lightning_warns_of_what_no_user_can_change(module, said):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pl.Trainer(limit_train_batches=2, **BARE).fit(module, iter([torch.ones(3, 2)] * 2))
    assert any(said in str(warning.message) for warning in warned)


def test_lightning_logs_which_devices_are_absent(caplog):
    logger = logging.getLogger("pytorch_lightning")
    level, logger.propagate = logger.level, True
    try:
        logger.setLevel(logging.INFO)
        with caplog.at_level(logging.INFO, "pytorch_lightning"):
            pl.Trainer(**BARE)
    finally:
        logger.setLevel(level)
        logger.propagate = False
    assert "TPU available" in caplog.text


def test_deterministic_algorithms_fill_new_tensors(monkeypatch):
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)  # torch's default
    pl.Trainer(deterministic=True, **BARE)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.empty(5).isnan().all()


def test_lightning_turns_ctrl_c_into_an_exit():
    class Interrupted(Automatic):
        def training_step(self, batch: Tensor) -> Tensor:
            raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit):
            run_bare(Interrupted())
    finally:
        signal.signal(signal.SIGINT, handler)


def calls_of_a_step(module: pl.LightningModule) -> float:
    """Python's function calls in a step, without those of setting up: no clock, so no noise."""

    def calls(steps: int) -> int:
        profile = cProfile.Profile()
        profile.runcall(run_bare, module, steps)
        return pstats.Stats(profile).total_calls  # pyright: ignore[reportAttributeAccessIssue]

    calls(2)
    return (calls(40) - calls(20)) / 20


def test_lightnings_hooks_around_a_step_are_many():
    automatic, manual, ours = (calls_of_a_step(m) for m in (Automatic(), Manual(True), Manual(False)))
    assert automatic > 1.7 * ours, "the hooks are few: take the batch and the optimiser's step from Lightning"
    assert manual > 1.1 * ours, "Lightning's backward is short: call it in one process, too"


def test_lightning_takes_a_stop_iteration_for_the_end():
    class Stopped(Manual):
        def training_step(self, dataloader_iter) -> None:
            next(dataloader_iter)
            raise StopIteration

    run_bare(Stopped(False))
