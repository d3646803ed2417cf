"""Speech: many-to-many of unequal lengths, in order. A tagger over steps of sound, whose blanks make room."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from pipeline.examples.batches import in_order, padded
from pipeline.examples.edits import num_edits
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.tagger import Tagger
from pipeline.sampling.ctc import best_path, min_steps
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.speech.data.clips import frames_of, read_clip
from pipeline.tasks.speech.data.pictures import alignments
from pipeline.tasks.speech.data.scores import measure as error_rates
from pipeline.tasks.speech.data.study import confusions, heard_clips, shown, sounds, tables, worst
from pipeline.tasks.speech.data.transcripts import (
    Heard,
    Transcriber,
    Transcript,
    alignment,
    step_seconds,
    text_of,
    timed_words,
)
from pipeline.tasks.speech.params import SpeechParams
from pipeline.training.supervised import Cost, Supervised, ctc_nats


def sizes(params: SpeechParams, examples: Examples) -> dict[str, int]:
    """Of the tagger."""
    return {"num_channels": examples.num_channels, "num_classes": len(examples.classes)}


@dataclass(frozen=True)
class TranscriptCost(Cost):
    """What the validation split cost, and the character error rate of greedy transcripts: the lowest is the best.

    The nats are lowest early: from then on, errors become fewer, and cost more.

    >>> TranscriptCost(3.0, 2, "nats", cer=0.25).loss
    0.25
    """

    cer: float

    @property
    def loss(self) -> float:
        """The character error rate."""
        return self.cer if math.isfinite(self.summed) else math.nan

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """Nats and error rate under `prefix`/."""
        return {f"{prefix}/{self.name}": self.summed / self.number, f"{prefix}/cer_greedy": self.cer}


class SpeechLearning(Supervised[Tagger]):
    """Validated by the errors of greedy transcripts."""

    def validate(self, network: Tagger) -> TranscriptCost:
        """Of the validation examples."""
        cost, targets = super().validate(network), self.validation.targets
        said = map(best_path, heard_of(network, self.validation, self.batch_size))
        edits = sum(num_edits(labels, target.tolist()) for labels, target in zip(said, targets, strict=True))
        return TranscriptCost(cost.summed, cost.number, cost.name, edits / sum(map(len, targets)))


def objective(params: SpeechParams, examples: Examples, network: Tagger, seed: int) -> SpeechLearning:
    """-ln p of each transcript."""
    train, validation = examples.splits["train"], examples.splits["validation"]
    for split in (train, validation):
        clips = zip(split.targets, split.lengths, strict=True)
        assert all(min_steps(target.tolist()) <= length for target, length in clips), "data/ checks each clip"
    return SpeechLearning(train, validation, ctc_nats, params.epochs, params.batch_size, seed)


def answer(params: SpeechParams, network: Tagger, split: Split) -> Heard:
    """ln p of blank and characters at each step of each clip, in their order."""
    return heard_of(network, split, params.batch_size)


@torch.inference_mode()
def heard_of(network: Tagger, split: Split, batch_size: int) -> Heard:
    """The same, so many clips at a time."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    found: dict[int, np.ndarray] = {}
    for indices in in_order(split.lengths, batch_size):
        inputs, lengths, _ = (part.to(device) for part in padded(split, indices))
        rows = network(inputs, lengths).double().log_softmax(-1).cpu().numpy()
        found |= {i: row[: split.lengths[i]] for i, row in zip(indices, rows, strict=True)}
    network.train(was_training)
    return [found[i] for i in range(len(split))]


def transcripts(params: SpeechParams, examples: Examples, heard: Heard) -> list[Transcript]:
    """What each clip is said to say."""
    return list(map(Transcriber.of(params, examples.classes, text(examples)), heard))


def text(examples: Examples) -> np.ndarray:
    """Of the language model: the training transcripts alone."""
    return text_of(examples.splits["train"].targets)


def measure(params: SpeechParams, examples: Examples, split: Split, heard: Heard) -> Mapping[str, Measure]:
    """`wer` and `cer` with beam search and language model; `wer_greedy` without."""
    found, references = transcripts(params, examples, heard), split.notes["text"]
    greedy = error_rates([transcript.greedy for transcript in found], references)
    return {**error_rates([transcript.text for transcript in found], references), "wer_greedy": greedy["wer"]}


def study(params: SpeechParams, examples: Examples, network: Tagger, heard: Heard) -> Study:
    """Error rates by noise and length, the worst clips, the words that were confused, and some clips to look at."""
    found, test = transcripts(params, examples, heard), examples.splits["test"]
    texts, drawn = [transcript.text for transcript in found], shown(params, examples, heard, found)
    return Study(
        tables=tables(test, found),
        details={
            "worst": worst(test, found),
            "confusions": confusions(texts, test.notes["text"]),
            "shown": drawn,
            "heard": heard_clips(test, found),
        },
        predictions={
            "answer": texts,
            "greedy": [transcript.greedy for transcript in found],
            "log_probability": [transcript.log_probability for transcript in found],
        },
        figures={"alignment.png": partial(alignments, drawn)},
        files=sounds(test),
    )


def predict(bundle: TaskBundle[SpeechParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The transcript of the clip that each line names; with the times of its words for programs."""
    network, params, ids = bundle.trained.network, bundle.params, bundle.text
    assert isinstance(network, Tagger), "TASK.kind"
    assert ids is not None, "TASK.text"
    transcriber = Transcriber.of(params, bundle.classes, ids)
    for line in lines:
        samples, rate = read_clip(Path(line), where)
        steps = frames_of(samples, rate, params, line)
        (log_p,) = answer(params, network, Split([steps], [np.zeros(0, np.int64)]))
        transcript = transcriber(log_p)
        words = timed_words(alignment(log_p, transcript), transcript.text, step_seconds(params))
        fields = {"clip": line, "text": transcript.text, "log_probability": transcript.log_probability, "words": words}
        yield Prediction(transcript.text, fields)


TASK = Task(
    shape="many-to-many, unequal",
    kind="frame_tagger",
    sizes=sizes,
    objective=objective,
    answer=answer,
    measure=measure,
    study=study,
    predict=predict,
    text=text,
)
