"""Tasks that ask for something at a known distance: what their networks answer.

Of a string, a network learns to predict every symbol, and is asked only at the places of the answers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pipeline.base.metrics import NATS_PER_BIT
from pipeline.examples.batches import Padded, in_order, padded
from pipeline.examples.sets import Split
from pipeline.networks.build import Network
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.params import DrawnParams
from pipeline.tasks.recall import Answer, accuracy_figure, by, longest_good, measured
from pipeline.tasks.strings import FIRST, String, Strings
from pipeline.tokens.windows import shifted
from pipeline.training.supervised import Supervised, token_nats

STRINGS_AT_A_TIME = 128

P = TypeVar("P", bound=DrawnParams)
WholeStrings = Callable[[Network, Split], Mapping[str, float] | None]


def string_task(
    strings: Callable[[P], Strings], whole_strings: WholeStrings = lambda network, test: None
) -> Task[P, Network, Answer]:
    """The task of a source of strings.

    Args:
        whole_strings: what whole strings of the test cost a network, where that is known.
    """

    def predict(bundle: TaskBundle[P], lines: Iterable[str], where: str) -> Iterator[Prediction]:
        network, source = bundle.trained.network, strings(bundle.params)
        assert isinstance(network, Network)
        names = [source.names[choice - FIRST] for choice in source.choices]
        for i, line in enumerate(lines, 1):
            string = source.asked(line, f"{where}, line {i}")
            yield _shown(completed(network, string, source.choices), names)

    return Task(
        shape="many-to-many, equal",
        kind="language_model",
        sizes=lambda params, examples: {"vocabulary_size": len(examples.classes)},
        objective=lambda params, examples, network, seed: Supervised(
            examples.splits["train"],
            examples.splits["validation"],
            token_nats,
            epochs=params.epochs,
            batch_size=params.batch_size,
            seed=seed,
        ),
        answer=lambda params, network, split: answers(network, split, strings(params).choices),
        measure=lambda params, examples, split, given: measured(given, "bits"),
        study=lambda params, examples, network, given: study(
            examples.splits["test"], given, "bits", strings=whole_strings(network, examples.splits["test"])
        ),
        predict=predict,
    )


def study(test: Split, given: Sequence[Answer], unit: str, **details: Any) -> Study:
    """Tables by distance and by attractors, and the largest distance with 95 % right answers."""
    keys = [key for key in ("distance", "attractors") if key in test.notes]
    tables = {key: by(key, test.notes[key], given, unit) for key in keys}
    return Study(
        tables=tables,
        details={"largest_length_95": longest_good(tables["distance"]), **details},
        predictions={"right": [answer.right for answer in given], unit: [answer.costs for answer in given]},
        figures={"accuracy.png": lambda: accuracy_figure(tables["distance"])},
    )


def answers(network: Network, split: Split, choices: Sequence[int]) -> list[Answer]:
    """The network's answers at all places of each string.

    Right is the answer whose probability is the highest among the choices (of equal ones, the first); the cost in bits
    is that of the true one, with the probabilities of the choices scaled to a sum of 1. A cloze model reads the
    string on both sides; what is behind a place says nothing about it.
    """
    given: dict[int, Answer] = {}
    for indices, batch in _batches(network, split):
        places = [split.notes["places"][i] for i in indices]
        given |= zip(indices, _answers(network, batch, places, choices), strict=True)
    return [given[i] for i in range(len(split))]


def _batches(network: Network, split: Split) -> Iterator[tuple[list[int], Padded]]:
    device = next(network.parameters()).device
    for indices in in_order(split.lengths, STRINGS_AT_A_TIME):
        inputs, lengths, targets = padded(split, indices)
        yield indices, (inputs.to(device), lengths.to(device), targets.to(device))


@torch.inference_mode()
def _answers(
    network: Network, batch: Padded, places: Sequence[Sequence[int]], choices: Sequence[int]
) -> Iterator[Answer]:
    inputs, _, targets = batch
    logits, _ = network.eval().window_logits(inputs, targets)
    for row, at in enumerate(places):
        bits = -logits[row, list(at)][:, list(choices)].log_softmax(-1) / NATS_PER_BIT  # (places, choices)
        true = [list(choices).index(target) for target in targets[row, list(at)].tolist()]
        right = [best == wanted for best, wanted in zip(bits.argmin(-1).tolist(), true, strict=True)]
        yield Answer(right, bits[range(len(true)), true].tolist())


@torch.inference_mode()
def bits_per_string(network: Network, split: Split) -> float:
    """-log2 p(string), EOS counted, on average over strings; a cloze model has no such probability."""
    nats = [float(token_nats(network.eval(), batch)) for _, batch in _batches(network, split)]
    return sum(nats) / NATS_PER_BIT / len(split)


@torch.inference_mode()
def completed(network: Network, string: String, choices: Sequence[int]) -> Float[Tensor, "places choices"]:
    """The probabilities of the choices at each place, given the most likely ones at the places before."""
    ids, given = np.array(string.ids, np.int64), []
    for place in string.places:
        inputs = torch.from_numpy(shifted(ids, begin=network.begin_id))[None]
        logits, _ = network.window_logits(inputs, torch.from_numpy(ids)[None])
        given.append(logits[0, place, list(choices)].softmax(-1))
        ids[place] = choices[int(given[-1].argmax())]
    return torch.stack(given)


def _shown(probabilities: Float[Tensor, "places choices"], names: Sequence[str]) -> Prediction:
    """The two most likely symbols of each place, a line each."""
    answers = [dict(zip(names, row, strict=True)) for row in probabilities.tolist()]
    lines = []
    for answer in answers:
        likely = sorted(answer, key=answer.__getitem__, reverse=True)[:2]
        lines.append(", ".join(f"{name} {100 * answer[name]:.1f} %" for name in likely))
    best = [max(answer, key=answer.__getitem__) for answer in answers]
    return Prediction("\n".join(lines), {"answer": best, "probabilities": answers})
