"""What many-to-one tasks share: an answer is the probabilities of the classes of an example."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from pipeline.analysis.shares import gradient_shares
from pipeline.examples.batches import in_order, padded
from pipeline.examples.class_scores import class_scores, confusion, rows_by_length
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.classifier import Classifier
from pipeline.tasks.contract import Study
from pipeline.tasks.params import TaskParams
from pipeline.training.supervised import Supervised, class_nats

MAX_LAG, SHARE_EXAMPLES = 63, 256

Answers = Sequence[Float[np.ndarray, " C"]]


def sizes(params: TaskParams, examples: Examples) -> dict[str, int]:
    """Those of a classifier of ids, or of frames where there is no vocabulary."""
    classes = {"num_classes": len(examples.classes)}
    if examples.vocabulary is None:
        return {"num_channels": examples.num_channels, **classes}
    return {"vocabulary_size": examples.vocabulary.size, **classes}


def objective(params: TaskParams, examples: Examples, network: nn.Module, seed: int) -> Supervised[nn.Module]:
    """The cross-entropy of the class of each example."""
    train, validation = examples.splits["train"], examples.splits["validation"]
    return Supervised(train, validation, class_nats, params.epochs, params.batch_size, seed)


@torch.inference_mode()
def answer(params: TaskParams, network: nn.Module, split: Split) -> list[Float[np.ndarray, " C"]]:
    """The probabilities of the classes of each example, in their order."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    answers: list[np.ndarray] = [np.empty(0)] * len(split)
    for indices in in_order(split.lengths, params.batch_size):
        inputs, lengths, _ = (part.to(device) for part in padded(split, indices))
        for i, row in zip(indices, network(inputs, lengths).softmax(-1).cpu().numpy(), strict=True):
            answers[i] = row
    network.train(was_training)
    return answers


def targets_of(split: Split) -> Int[np.ndarray, " N"]:
    """The class of each example."""
    return np.array([int(target) for target in split.targets])


def guesses_of(answers: Answers) -> Int[np.ndarray, " N"]:
    """The likeliest class of each example; the first of equally likely ones."""
    return np.stack(answers).argmax(-1)


def measure(params: TaskParams, examples: Examples, split: Split, answers: Answers) -> Mapping[str, Measure]:
    """`accuracy` and `macro_f1`."""
    return class_scores(targets_of(split), guesses_of(answers), len(examples.classes))


def study(params: TaskParams, examples: Examples, network: nn.Module, answers: Answers) -> Study:
    """Accuracy by length, the confusion matrix, and what was guessed of each example, with its probabilities."""
    test = examples.splits["test"]
    targets, guesses = targets_of(test), guesses_of(answers)
    return Study(
        tables={"length": rows_by_length(test.lengths, targets, guesses)},
        details={"confusion": confusion(targets, guesses, len(examples.classes)).tolist()},
        predictions={
            "guess": [examples.classes[i] for i in guesses],
            "probabilities": [row.tolist() for row in answers],
        },
    )


def lag_rows(network: nn.Module, test: Split) -> list[dict[str, Any]]:
    """A table by `lag`: the share of the loss's gradient that reaches the state so many steps before the end.

    Of the first SHARE_EXAMPLES examples, up to MAX_LAG; `share_right` is that of the stack that reads from the right.
    """
    assert isinstance(network, Classifier)
    number = min(len(test), SHARE_EXAMPLES)
    some = Split(test.inputs[:number], test.targets[:number], characters=test.characters)
    by_side = gradient_shares(network, some, MAX_LAG)
    rows = [dict(row) for row in by_side["left"]]
    for row, of_right in zip(rows, by_side.get("right", []), strict=False):
        row["share_right"] = of_right["share"]
    return rows


@torch.inference_mode()
def course(
    network: Classifier, steps: Int[np.ndarray, " T"] | Float[np.ndarray, "T D"], batch_size: int = 64
) -> Float[np.ndarray, "T C"]:
    """What the network would answer if the sequence ended after step 1, 2, ..., T: the last row is its answer.

    A network that reads from the left alone passes once; one that reads both ways reads each beginning anew.
    """
    was_training, inputs = network.training, torch.from_numpy(steps)[None]
    network.eval()
    if len(network.stacks) == 1:
        features, _ = network.encoder(network.embed(inputs), None)
        logits = network.readout(features)[0]
    else:
        ends = torch.arange(1, len(steps) + 1).split(batch_size)
        beginnings = [inputs[0, : end[-1]].expand(len(end), *[-1] * (inputs.ndim - 1)) for end in ends]
        logits = torch.cat([network(of, end) for of, end in zip(beginnings, ends, strict=True)])
    network.train(was_training)
    return logits.softmax(-1).numpy()
