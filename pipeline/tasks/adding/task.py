"""Adding: the sum of the two marked values of a sequence."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from pipeline.base.errors import PipelineError
from pipeline.examples.batches import in_order, padded
from pipeline.examples.sets import Examples, Split
from pipeline.networks.classifier import Regressor
from pipeline.tasks.adding.data.sums import TOLERANCE
from pipeline.tasks.adding.params import AddingParams
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Task
from pipeline.tasks.recall import Answer, measured
from pipeline.tasks.recall_task import study
from pipeline.training.supervised import LeastSquares, squared_error

SEQUENCES_AT_A_TIME = 128
MARK = "*"


def _objective(params: AddingParams, examples: Examples, network: Regressor, seed: int) -> LeastSquares:
    train, validation = examples.splits["train"], examples.splits["validation"]
    return LeastSquares(train, validation, squared_error, params.epochs, params.batch_size, seed)


@torch.inference_mode()
def sums_answered(network: Regressor, split: Split) -> list[Answer]:
    """The network's answers; their cost is the squared error."""
    device = next(network.parameters()).device
    given: dict[int, Answer] = {}
    for indices in in_order(split.lengths, SEQUENCES_AT_A_TIME):
        inputs, lengths, sums = (part.to(device) for part in padded(split, indices))
        errors = (network.eval()(inputs, lengths) - sums).tolist()
        given |= {i: Answer([abs(e) < TOLERANCE], [e**2]) for i, e in zip(indices, errors, strict=True)}
    return [given[i] for i in range(len(split))]


@torch.inference_mode()
def predict(bundle: TaskBundle[AddingParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The sum of each line's marked values: `0.3 0.5* 0.2 0.9* 0.4`."""
    network = bundle.trained.network.eval()
    for i, line in enumerate(lines, 1):
        steps = torch.from_numpy(steps_of(line, f"{where}, line {i}"))
        answer, true = float(network(steps[None])), float(steps.prod(1).sum())
        yield Prediction(f"{answer:.3f} (sum: {true:.3f})", {"answer": answer, "sum": true})


def steps_of(line: str, where: str) -> np.ndarray:
    """Values and marks (T, 2) that a user wrote.

    Raises:
        PipelineError: where there is something else than values from 0 to 1, of which two are marked.

    >>> steps_of("0.5 1* 0 0.25* 0.5", "x")[:, 1].tolist()
    [0.0, 1.0, 0.0, 1.0, 0.0]
    """
    words = line.split()
    marks = [word.endswith(MARK) for word in words]
    try:
        values = [float(word.removesuffix(MARK)) for word in words]
    except ValueError:
        values = []
    if sum(marks) != 2 or not values or not all(0 <= value <= 1 for value in values):
        rule = "values from 0 to 1, two of them marked with *"
        raise PipelineError(where, rule, repr(line[:60]), "write `0.3 0.5* 0.2 0.9* 0.4`")
    return np.array(list(zip(values, marks, strict=True)), np.float32)


def _answer(params: AddingParams, network: Regressor, split: Split) -> Sequence[Answer]:
    return sums_answered(network, split)


TASK = Task(
    shape="many-to-one",
    kind="regressor",
    sizes=lambda params, examples: {"num_inputs": examples.num_channels},
    objective=_objective,
    answer=_answer,
    measure=lambda params, examples, split, given: measured(given, "squared_error"),
    study=lambda params, examples, network, given: study(examples.splits["test"], given, "squared_error"),
    predict=predict,
)
