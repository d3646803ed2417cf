"""Tasks that translate: an encoder-decoder learns pairs of texts, and beam search answers."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import torch

from pipeline.base.errors import PipelineError
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.build import Kind
from pipeline.networks.encoder_decoder import EncoderDecoder
from pipeline.sampling.beam import given
from pipeline.tasks import pair_scores
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Task
from pipeline.tasks.pair_answers import Answer, Sides, answers
from pipeline.tasks.pair_params import PairParams
from pipeline.tasks.pair_study import study, texts_of
from pipeline.training.supervised import Supervised, translation_nats

KINDS: Mapping[str, Kind] = {
    "none": "encoder_decoder",
    "dot": "dot_attention",
    "additive": "additive_attention",
}


def pair_task(params: PairParams) -> Task[PairParams, EncoderDecoder, Answer]:
    """The task with these params, which choose the kind of network."""
    return Task(
        shape="many-to-many, unequal",
        kind=KINDS[params.attention],
        sizes=sizes,
        objective=objective,
        answer=answers,
        measure=measure,
        study=study,
        predict=predict,
        score_pair=score_pair,
    )


def sizes(params: PairParams, examples: Examples) -> dict[str, int]:
    """Of both sides."""
    sides = Sides.of(params, examples)
    return {"vocabulary_size": sides.source.size, "target_vocabulary_size": sides.target.size}


def objective(params: PairParams, examples: Examples, network: EncoderDecoder, seed: int) -> Supervised[EncoderDecoder]:
    """-ln p of the tokens of each target, each given the true ones before it."""
    train, validation = examples.splits["train"], examples.splits["validation"]
    return Supervised(train, validation, translation_nats, params.epochs, params.batch_size, seed)


def measure(params: PairParams, examples: Examples, split: Split, given: Sequence[Answer]) -> Mapping[str, Measure]:
    """Exact match, BLEU and chrF of the best hypotheses."""
    texts = texts_of(params, examples, split, given)
    return pair_scores.measure(texts, split.notes["reference"], params.target.lower_case)


def predict(bundle: TaskBundle[PairParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The target of each line, and with --json all hypotheses, their tokens and what each looked at."""
    sides = Sides.of(bundle.params, bundle)
    for number, line in enumerate(lines, start=1):
        ids = checked(sides, line, f"{where}: line {number}")
        one = Split([ids], [np.zeros(1, np.int64)])
        (answer,) = answers(bundle.params, _network(bundle), one, n_best=bundle.params.beam_size)
        n_best = [_fields(sides, answer, line, i) for i in range(len(answer.hypotheses))]
        yield Prediction(sides.text(answer, line), {"source": line, "tokens": sides.pieces(line), "n_best": n_best})


def _fields(sides: Sides, answer: Answer, source: str, number: int) -> dict[str, object]:
    """What --json says of a hypothesis."""
    hypothesis, weights = answer.hypotheses[number], answer.weights[number]
    return {
        "text": sides.text(answer, source, number),
        "log_probability": hypothesis.log_probability,
        "ended": hypothesis.ended,
        "target_tokens": [sides.target.token(i) for i in hypothesis.ids],
        "attention": None if weights is None else weights.round(4).tolist(),
    }


def checked(sides: Sides, text: str, where: str) -> np.ndarray:
    """The ids of a source that a user gave.

    Raises:
        PipelineError: where it has no token.
    """
    ids = sides.read(text)
    if not text.strip() or not len(ids):
        raise PipelineError(where, "a text with a token", repr(text), "write one, or delete the line")
    return ids


@torch.inference_mode()
def score_pair(bundle: TaskBundle[PairParams], source: str, target: str) -> Prediction:
    """ln p of each token of the target, EOS counted, and their sum; an empty target is EOS alone."""
    sides = Sides.of(bundle.params, bundle)
    inputs, asked = checked(sides, source, "SOURCE"), sides.asked(target)
    lengths = torch.tensor([len(inputs)])
    log_p, _ = given(_network(bundle), torch.from_numpy(inputs)[None], lengths, torch.from_numpy(asked)[None])
    tokens, costs = [sides.target.token(int(i)) for i in asked], log_p[0].tolist()
    total = math.fsum(costs)
    rows = [f"{cost:10.4f}  {token!r}" for token, cost in zip(tokens, costs, strict=True)]
    shown = "\n".join(["      ln p  token", *rows, f"ln p(target | source) = {total:.4f} nats"])
    each = [{"token": token, "log_probability": cost} for token, cost in zip(tokens, costs, strict=True)]
    return Prediction(shown, {"source": source, "target": target, "log_probability": total, "tokens": each})


def _network(bundle: TaskBundle[PairParams]) -> EncoderDecoder:
    assert isinstance(bundle.trained.network, EncoderDecoder), "KINDS"
    return bundle.trained.network
