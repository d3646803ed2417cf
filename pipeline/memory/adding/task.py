"""Adding: the sum of the two marked values of a sequence."""

from random import Random

import torch

from pipeline.memory.adding.data import CHANNELS, SQUARED_ERROR_WITHOUT_MEMORY, batches, sequences, sums_answered
from pipeline.memory.adding.params import AddingTask
from pipeline.memory.contract import Outcome, Task
from pipeline.networks.build import build_regressor
from pipeline.networks.params import Model
from pipeline.networks.regressor import Regressor
from pipeline.training.supervised import LeastSquares


def _build(params: AddingTask, model: Model, seed: int) -> Regressor:
    return build_regressor(model, CHANNELS, seed)


def _objective(params: AddingTask, network: Regressor, seed: int) -> LeastSquares:
    """Fresh sequences until the budget is spent, so that there is nothing to overfit."""
    train = list(batches(params.lengths, params.batch_size, params.budget_tokens, seed))
    generator = _generator("validation", seed)
    return LeastSquares(train, [sequences(params.test_sequences, length, generator) for length in _lengths(params)])


def _ask(params: AddingTask, network: Regressor, seed: int) -> Outcome:
    return Outcome(sums_answered(network, _lengths(params), params.test_sequences, _generator("test", seed)))


def _generator(purpose: str, seed: int) -> torch.Generator:
    """Of other numbers than the training's, whose seed is `seed`: torch reads the low 32 bits of a seed alone."""
    return torch.Generator().manual_seed(Random(f"{purpose} {seed}").getrandbits(32))


def _lengths(params: AddingTask) -> list[int]:
    return [*params.lengths, *params.unseen_lengths]


TASK = Task(
    params=AddingTask,
    unit="squared_error",
    cost_without_memory=lambda params: SQUARED_ERROR_WITHOUT_MEMORY,
    build=_build,
    objective=_objective,
    ask=_ask,
)
