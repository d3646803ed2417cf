"""The task: a tagger over words, whose answers are decoded so that no invalid sequence of tags comes out."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from pipeline.examples.batches import in_order, padded
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.crf import Allowed, Chain, best_path, log_probability
from pipeline.networks.tagger import CrfTagger
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.entities.data.encoding import encoded, tags_of_split
from pipeline.tasks.entities.data.scores import f1, tag_measures
from pipeline.tasks.entities.data.sentences import Sentence
from pipeline.tasks.entities.data.spans import OUTSIDE, Span, counts, spans_of, tags_named
from pipeline.tasks.entities.data.study import marked_examples, tables
from pipeline.tasks.entities.data.words import Word, words_of
from pipeline.tasks.entities.params import EntitiesParams
from pipeline.training.supervised import Cost, Supervised, class_nats, crf_nats


class Answer(NamedTuple):
    """Of a sentence of T words."""

    classes: Int[np.ndarray, " T"]
    """The most probable of the valid sequences of tags."""
    probabilities: Sequence[float]
    """Of each of its entities: see `probabilities_of`."""


def sizes(params: EntitiesParams, examples: Examples) -> dict[str, int]:
    """Of the tagger."""
    assert examples.vocabulary is not None, "data/ makes one"
    found = {"vocabulary_size": examples.vocabulary.size, "num_classes": len(examples.classes)}
    if params.character_size is None:
        return found
    assert examples.characters is not None, "data/ makes them"
    return {**found, "num_characters": examples.characters.size, "character_size": params.character_size}


@dataclass(frozen=True)
class EntityCost(Cost):
    """What the validation split cost, and its entity F1: the weights with the highest are the best.

    The nats are lowest early, when few entities are found: from then on they fall for what is right and rise more for
    what is wrong.

    >>> EntityCost(3.0, 2, "nats", f1=0.25).loss
    0.75
    """

    f1: float

    @property
    def loss(self) -> float:
        """The missing part of F1."""
        return 1 - self.f1 if math.isfinite(self.summed) else math.nan

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """Nats and F1 under `prefix`/."""
        return {f"{prefix}/{self.name}": self.summed / self.number, f"{prefix}/f1": self.f1}


class EntityLearning(Supervised[CrfTagger]):
    """Validated by entity F1."""

    def validate(self, network: CrfTagger) -> EntityCost:
        """Of the validation examples."""
        cost = super().validate(network)
        answers = answers_to(network, self.validation, self.batch_size)
        pairs = zip(self.validation.targets, answers, strict=True)
        sums = sum(np.array(counts(_spans(target), _spans(answer.classes))) for target, answer in pairs)
        return EntityCost(cost.summed, cost.number, cost.name, f1(np.asarray(sums)))


def objective(params: EntitiesParams, examples: Examples, network: CrfTagger, seed: int) -> EntityLearning:
    """-ln p of the tags: of each by itself, or of whole sequences.

    Without `crf` the scores of transitions reach no loss and stay zero: the network is a plain tagger.
    """
    train, validation = examples.splits["train"], examples.splits["validation"]
    loss = crf_nats if params.crf else class_nats
    return EntityLearning(train, validation, loss, params.epochs, params.batch_size, seed)


def allowed(num_classes: int) -> Allowed:
    """Valid sequences of the classes of `classes_of`: an inside class follows its begin or itself.

    >>> allowed(3).start.tolist(), allowed(3).between.int().tolist()  # O, B-x, I-x
    ([True, True, False], [[1, 1, 0], [1, 1, 1], [1, 1, 1]])
    """
    after = torch.arange(num_classes)
    before = after[:, None]
    is_inside = (after > 0) & (after % 2 == 0)
    between = ~is_inside | (before == after) | (before == after - 1)
    return Allowed(~is_inside, between, torch.ones(num_classes, dtype=torch.bool))


def answer(params: EntitiesParams, network: CrfTagger, split: Split) -> list[Answer]:
    """The answer to each sentence, in their order."""
    return answers_to(network, split, params.batch_size)


@torch.inference_mode()
def answers_to(network: CrfTagger, split: Split, batch_size: int) -> list[Answer]:
    """The same, so many sentences at a time."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    found: dict[int, Answer] = {}
    for indices in in_order(split.lengths, batch_size):
        inputs, lengths, _ = (part.to(device) for part in padded(split, indices))
        found |= zip(indices, answers_of(network(inputs, lengths).double().cpu(), lengths.cpu(), network), strict=True)
    network.train(was_training)
    return [found[index] for index in range(len(split))]


def answers_of(logits: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], network: CrfTagger) -> list[Answer]:
    """The answers to a batch."""
    scores = Chain(*(scores.double().cpu() for scores in network.chain))
    chain = scores.only(allowed(logits.shape[2]))
    paths = [row[:length] for row, length in zip(best_path(logits, lengths, chain).numpy(), lengths, strict=True)]
    spans = [_spans(path) for path in paths]
    probabilities = iter(probabilities_of(spans, logits, lengths, chain))
    return [Answer(path, [next(probabilities) for _ in of]) for path, of in zip(paths, spans, strict=True)]


def _spans(classes: Int[np.ndarray, " T"]) -> list[Span]:
    """The entities of a sentence, with the numbers of their types for names."""
    return spans_of(map(_tag, classes.tolist()))


def _tag(number: int) -> str:
    """A class of `classes_of`, with the number of its type for a name.

    >>> [_tag(number) for number in range(5)]
    ['O', 'B-0', 'I-0', 'B-1', 'I-1']
    """
    return f"{'IB'[number % 2]}-{(number - 1) // 2}" if number else OUTSIDE


def probabilities_of(
    spans: Sequence[Sequence[Span]], logits: Float[Tensor, "B T C"], lengths: Int[Tensor, " B"], chain: Chain
) -> list[float]:
    """The probability of each entity, row by row: that a valid sequence of tags has it, the rest whatever it is.

    With a CRF and without. The probability of the whole sequence would say less: it falls with the sentence's length.
    """
    rows = [row for row, of in enumerate(spans) for _ in of]
    if not rows:
        return []
    classes = torch.stack([classes_with(span, *logits.shape[1:]) for of in spans for span in of])
    return log_probability(logits[rows], lengths[rows], chain, classes).exp().clamp(max=1).tolist()


def classes_with(span: Span, num_steps: int, num_classes: int) -> Bool[Tensor, "T C"]:
    """The classes that each step may have in a sequence with this entity, whose type is a number.

    >>> classes_with(Span(0, 1, "0"), 2, 3).int().tolist()  # B-x, then no I-x
    [[0, 1, 0], [1, 1, 0]]
    """
    classes, begin = torch.ones(num_steps, num_classes, dtype=torch.bool), 2 * int(span.type) + 1
    classes[span.start : span.stop] = False
    classes[span.start, begin] = True
    classes[span.start + 1 : span.stop, begin + 1] = True
    classes[span.stop : span.stop + 1, begin + 1] = False
    return classes


def measure(
    params: EntitiesParams, examples: Examples, split: Split, answers: Sequence[Answer]
) -> Mapping[str, Measure]:
    """Entity F1, precision, recall; token accuracy."""
    return tag_measures(tags_of_split(split, examples.classes), _tags(examples.classes, answers))


def study(params: EntitiesParams, examples: Examples, network: CrfTagger, answers: Sequence[Answer]) -> Study:
    """F1 by type, of seen and unseen entities, by length; sentences right and wrong; the probability of each entity."""
    tags = _tags(examples.classes, answers)
    found = [spans_of(of) for of in tags]
    return Study(
        tables=tables(examples, found),
        details={"sentences": marked_examples(examples, found)},
        predictions={"answer": tags, "probabilities": [list(answer.probabilities) for answer in answers]},
    )


def _tags(classes: Sequence[str], answers: Iterable[Answer]) -> list[list[str]]:
    return [tags_named(classes, answer.classes) for answer in answers]


def predict(bundle: TaskBundle[EntitiesParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The text of each line with its entities marked; a line without words has none."""
    for text in lines:
        words = words_of(text)
        entities = list(_entities(bundle, text, words)) if words else []
        yield Prediction(marked(text, entities), {"text": text, "entities": entities})


def _entities(bundle: TaskBundle[EntitiesParams], text: str, words: Sequence[Word]) -> Iterator[dict[str, Any]]:
    """What is said of each entity: offsets in characters of the text, the end not included."""
    assert bundle.vocabulary is not None, "data/ makes one"
    assert isinstance(bundle.trained.network, CrfTagger), "TASK.kind"
    sentence = Sentence(tuple(word.text for word in words), (OUTSIDE,) * len(words), "")
    split = encoded(bundle.params, [sentence], bundle.classes, bundle.vocabulary, bundle.characters)
    (given,) = answer(bundle.params, bundle.trained.network, split)
    spans = spans_of(tags_named(bundle.classes, given.classes))
    for span, probability in zip(spans, given.probabilities, strict=True):
        start, end = words[span.start].start, words[span.stop - 1].stop
        yield {"start": start, "end": end, "type": span.type, "probability": probability, "text": text[start:end]}


def marked(text: str, entities: Sequence[Mapping[str, Any]]) -> str:
    """The text with its entities in brackets.

    >>> marked("Close file now.", [{"start": 6, "end": 10, "type": "parameter"}])
    'Close [parameter file] now.'
    """
    parts, at = [], 0
    for entity in entities:
        start, end = entity["start"], entity["end"]
        parts += [text[at:start], f"[{entity['type']} {text[start:end]}]"]
        at = end
    return "".join([*parts, text[at:]])


TASK = Task(
    shape="many-to-many, equal",
    kind="crf_tagger",
    sizes=sizes,
    objective=objective,
    answer=answer,
    measure=measure,
    study=study,
    predict=predict,
)
