"""Music: a language model over notes whose first input is nothing or a kind; reading both ways, a cloze model."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional as F

from pipeline.base.metrics import NATS_PER_BIT
from pipeline.examples.batches import in_order, padded
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import Network
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.music.data import filled, sampled, scores
from pipeline.tasks.music.data.alphabet import Alphabet
from pipeline.tasks.music.data.formats import pieces_written
from pipeline.tasks.music.data.primer import pieces_of
from pipeline.tasks.music.data.roll_figure import rolls_figure
from pipeline.tasks.music.data.tunes import Piece
from pipeline.tasks.music.data.written import sample
from pipeline.tasks.music.params import MusicParams
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import IGNORED
from pipeline.training.supervised import Supervised, token_nats

LENGTHS = (0, 100, 200, 400)
"""Tokens from which on a table by length has a row."""
SHOWN_KINDS = 3
"""Of a prediction."""


@dataclass(frozen=True)
class Costs:
    """What the tokens of an example cost."""

    nats: Float[np.ndarray, " T"]
    pseudo: bool
    """Each token given all others: the sum is no probability of the example."""


def _sizes(params: MusicParams, examples: Examples) -> dict[str, int]:
    assert examples.vocabulary is not None
    conditions = {"num_conditions": len(examples.classes)} if examples.classes else {}
    return {"vocabulary_size": examples.vocabulary.size, **conditions}


def _objective(params: MusicParams, examples: Examples, network: Network, seed: int) -> Supervised[Network]:
    train, validation = examples.splits["train"], examples.splits["validation"]
    return Supervised(train, validation, token_nats, params.epochs, params.batch_size, seed)


@torch.inference_mode()
def nats_of(network: Network, split: Split, batch_size: int) -> list[Float[np.ndarray, " _"]]:
    """-ln p of each token of each example, EOS among them."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    found: list[np.ndarray] = [np.empty(0)] * len(split)
    for indices in in_order(split.lengths, batch_size):
        inputs, _, targets = (part.to(device) for part in padded(split, indices))
        logits, _ = network.window_logits(inputs, targets)
        nats = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none").cpu().numpy()
        for i, row in zip(indices, nats, strict=True):
            found[i] = row[: split.lengths[i]].astype(np.float64)
    network.train(was_training)
    return found


def _answer(params: MusicParams, network: Network, split: Split) -> list[Costs]:
    pseudo = network.predicts == "missing"
    return [Costs(nats, pseudo) for nats in nats_of(network, split, params.batch_size)]


def _measure(params: MusicParams, examples: Examples, split: Split, answers: Sequence[Costs]) -> dict[str, Measure]:
    """Those of scores.py; a cloze model's have names of their own, for they are no probabilities of a piece."""
    prefix = "pseudo_" if answers[0].pseudo else ""
    measured = scores.measure(params, split, [costs.nats for costs in answers])
    return {f"{prefix}{name}": value for name, value in measured.items()}


def _study(params: MusicParams, examples: Examples, network: Network, answers: Sequence[Costs]) -> Study:
    assert examples.vocabulary is not None
    alphabet, test = Alphabet(params, examples.vocabulary, examples.classes), examples.splits["test"]
    network.eval()  # no unit is dropped of a network that writes
    predictions = {"nats": [costs.nats.tolist() for costs in answers]}
    if network.predicts == "missing":
        return Study(details=filled.fill_bars(network, test, alphabet), predictions=predictions)
    by_kind = sampled.all_sampled(network, examples, alphabet)
    named = sampled.first_of_each(by_kind)
    pieces = [(one.piece.title, one.piece) for _, one in named]
    return Study(
        tables=_tables(params, examples, alphabet, answers),
        details={
            "samples": sampled.sample_rows(by_kind, examples),
            "real": sampled.real_rows(list(by_kind), examples, alphabet),
            "tunes": [sampled.shown(name, one, alphabet) for name, one in named],
        },
        predictions=predictions,
        figures={"rolls.png": lambda: rolls_figure(pieces, alphabet.a_frame)},
        files=pieces_written([(name, one.piece) for name, one in named], alphabet.a_frame),
    )


def _tables(
    params: MusicParams, examples: Examples, alphabet: Alphabet, answers: Sequence[Costs]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The measures by kind, where there are some, and by length."""
    test = examples.splits["test"]
    kinds = [alphabet.kind_of(int(ids[0])) or "not said" for ids in test.inputs]
    lengths = [max(length for length in LENGTHS if length <= of) for of in test.lengths]
    by = {"length": [f"{length}+" for length in lengths]} | ({"kind": kinds} if examples.classes else {})
    return {key: _rows(params, test, answers, key, values) for key, values in by.items()}


def _rows(
    params: MusicParams, test: Split, answers: Sequence[Costs], key: str, values: Sequence[str]
) -> list[dict[str, Any]]:
    rows = []
    for value in sorted(set(values), key=lambda value: (int(value[:-1]) if key == "length" else 0, value)):
        indices = [i for i, of in enumerate(values) if of == value]
        measured = scores.measure(params, part_of(test, indices), [answers[i].nats for i in indices])
        row: dict[str, Any] = {key: value, "n": len(indices)}
        for name, measure in measured.items():
            row |= {name: measure.value, f"{name}_low": measure.low, f"{name}_high": measure.high}
        rows.append(row)
    return rows


def part_of(split: Split, indices: Sequence[int]) -> Split:
    """Some examples of a split."""
    notes = {name: [values[i] for i in indices] for name, values in split.notes.items()}
    return Split([split.inputs[i] for i in indices], [split.targets[i] for i in indices], notes)


def predict(bundle: TaskBundle[MusicParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """What the pieces of files cost, a file a line, and which kind makes each likeliest."""
    network, alphabet = bundle.trained.network, Alphabet.of(bundle)
    assert isinstance(network, Network)
    for line in lines:
        for piece in pieces_of(Path(line.strip()), bundle.params):
            yield _scored(network, alphabet, piece)


def _scored(network: Network, alphabet: Alphabet, piece: Piece) -> Prediction:
    """Bits a token of no kind, and by Bayes the probability of each kind, all of them equally likely before."""
    ids = alphabet.encoded(piece)
    pseudo = network.predicts == "missing"
    kinds = [None] if pseudo else [None, *alphabet.kinds]
    inputs = [np.array([alphabet.first_id(kind), *ids], np.int64) for kind in kinds]
    targets = [np.array([*ids, Vocabulary.EOS], np.int64)] * len(kinds)
    nats = np.array([of.sum() for of in nats_of(network, Split(inputs, targets), batch_size=len(kinds))])
    bits, unknown = float(nats[0] / NATS_PER_BIT / len(targets[0])), ids.count(Vocabulary.UNK)
    p = np.exp(-(nats[1:] - nats[1:].min(initial=np.inf)))
    likely = dict(zip(alphabet.kinds, (p / p.sum()).tolist(), strict=True)) if len(p) else {}
    best = sorted(likely, key=lambda kind: (-likely[kind], kind))[:SHOWN_KINDS]
    said = [f"{piece.title or 'untitled'}: {bits:.3f} {'pseudo-' if pseudo else ''}bits a token"]
    said += [", ".join(f"{kind} {100 * likely[kind]:.1f} %" for kind in best)] if best else []
    said += [f"{unknown} of {len(ids)} tokens are unknown to the network"] if unknown else []
    fields = {"title": piece.title, "bits": bits, "pseudo": pseudo, "kinds": likely, "unknown": unknown}
    return Prediction("; ".join(said), fields)


TASK = Task(
    shape="one-to-many",
    kind="language_model",
    sizes=_sizes,
    objective=_objective,
    answer=_answer,
    measure=_measure,
    study=_study,
    predict=predict,
    sample=sample,
)
