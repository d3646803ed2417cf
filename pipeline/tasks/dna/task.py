"""The task: genes are labelled base by base, windows are given one class; the params say which."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from pipeline.examples.batches import in_order, padded
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.tasks import classification
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.dna.data.bases import Ids, calls, ids_of, phase_of, runs, step_ids, strand_probabilities
from pipeline.tasks.dna.data.fasta import named_sequences
from pipeline.tasks.dna.data.gff import HEADER, CodingPart, feature_line, region_line
from pipeline.tasks.dna.data.pieces import with_context
from pipeline.tasks.dna.data.scores import counts_of_answers, measures
from pipeline.tasks.dna.data.study import study_of_genes
from pipeline.tasks.dna.data.window_scores import window_measures
from pipeline.tasks.dna.params import DnaParams

PIECES_AT_A_TIME = 32
"""Of a long sequence: what is in memory at once, whatever its length."""
Probabilities = Float[np.ndarray, "_ 7"] | Float[np.ndarray, "_"]


@torch.inference_mode()
def probabilities(network: nn.Module, split: Split, batch_size: int) -> list[Probabilities]:
    """The probability of each class, at each base or of each window, in the order of the examples."""
    network.eval()
    device = next(network.parameters()).device
    found: dict[int, Probabilities] = {}
    for indices in in_order(split.lengths, batch_size):
        inputs, lengths, _ = padded(split, indices)
        given = network(inputs.to(device), lengths.to(device)).softmax(-1).cpu().numpy()
        for i, of, length in zip(indices, given, lengths.tolist(), strict=True):
            found[i] = of[:length] if of.ndim == 2 else of
    return [found[i] for i in range(len(split))]


def _answer(params: DnaParams, network: nn.Module, split: Split) -> list[Probabilities]:
    return probabilities(network, split, params.batch_size)


def _measure_genes(
    params: DnaParams, examples: Examples, split: Split, answers: Sequence[Probabilities]
) -> Mapping[str, Measure]:
    return measures(counts_of_answers(split, [calls(of) for of in answers]))


def _measure_windows(
    params: DnaParams, examples: Examples, split: Split, answers: Sequence[Probabilities]
) -> Mapping[str, Measure]:
    return window_measures(split, examples.classes, [int(of.argmax()) for of in answers])


def _study_genes(params: DnaParams, examples: Examples, network: nn.Module, answers: Sequence[Probabilities]) -> Study:
    return study_of_genes(
        examples.splits["test"], answers, lambda split: probabilities(network, split, params.batch_size), params
    )


def streamed(network: nn.Module, ids: Ids, window: int, context: int) -> Iterator[tuple[int, Float[np.ndarray, "N 7"]]]:
    """The probabilities of each label of a long sequence, stretch by stretch, and where each stretch begins.

    A piece is read with context at both ends, so that no border shows; a network sees a batch of pieces at a time.
    """
    pieces = with_context(len(ids), window, context)
    while some := list(islice(pieces, PIECES_AT_A_TIME)):
        inputs = [ids[piece.start : piece.end] for piece in some]
        split = Split(inputs, [np.zeros(len(of), np.int64) for of in inputs])
        for piece, of in zip(some, probabilities(network, split, PIECES_AT_A_TIME), strict=True):
            yield piece.core_start, of[piece.core_start - piece.start : piece.core_end - piece.start]


def called_genes(bundle: TaskBundle[DnaParams], name: str, ids: Ids) -> list[tuple[CodingPart, float]]:
    """The stretches in which one strand codes, and the mean probability of that strand there.

    What is kept of a base is its label and three numbers: 13 bytes.
    """
    called, by_strand = np.zeros(len(ids), np.int8), np.zeros((len(ids), 3), np.float32)
    params = bundle.params
    encoded = step_ids(ids, params.kmer, params.period)
    for start, of in streamed(bundle.trained.network, encoded, params.window, params.context):
        called[start : start + len(of)] = calls(of)
        by_strand[start : start + len(of)] = strand_probabilities(of)
    found = []
    for number, (start, end, strand) in enumerate(runs(called), 1):
        part = CodingPart(name, start, end, strand, phase_of(called[start:end]), f"cds{number}", 0)
        found.append((part, float(by_strand[start:end, strand].mean(dtype=np.float64))))
    return found


def _predict_genes(bundle: TaskBundle[DnaParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """GFF3; the header comes once."""
    head = [HEADER]
    for name, bases in named_sequences(lines, where):
        ids = ids_of(bases, where)
        parts = called_genes(bundle, name, ids)
        shown = [*head, region_line(name, len(ids)), *(feature_line(part, score) for part, score in parts)]
        genes = [
            {"start": p.start + 1, "end": p.end, "strand": p.sign, "phase": p.phase, "probability": score}
            for p, score in parts
        ]
        yield Prediction("\n".join(shown), {"sequence": name, "bases": len(ids), "genes": genes})
        head = []


def _predict_windows(bundle: TaskBundle[DnaParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The class of each window, with the probability of every class."""
    for name, bases in named_sequences(lines, where):
        ids = ids_of(bases, where)
        split = Split([step_ids(ids, bundle.params.kmer, bundle.params.period)], [np.array(0)])
        (of,) = probabilities(bundle.trained.network, split, 1)
        shares = {label: float(p) for label, p in zip(bundle.classes, of, strict=True)}
        label = bundle.classes[int(of.argmax())]
        yield Prediction(
            f"{name}\t{label}\t{shares[label]:.4f}", {"sequence": name, "class": label, "probabilities": shares}
        )


GENES = Task(
    shape="many-to-many, equal",
    kind="tagger",
    sizes=classification.sizes,
    objective=classification.objective,
    answer=_answer,
    measure=_measure_genes,
    study=_study_genes,
    predict=_predict_genes,
)
WINDOWS = Task(
    shape="many-to-one",
    kind="classifier",
    sizes=classification.sizes,
    objective=classification.objective,
    answer=classification.answer,
    measure=_measure_windows,
    study=classification.study,
    predict=_predict_windows,
)


def TASK(params: DnaParams) -> Task:
    """The task that the params ask for."""
    return WINDOWS if params.format == "windows" else GENES
