"""Video: a classifier of clips, or a tagger of their frames; the params say which."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from pipeline.base.errors import PipelineError
from pipeline.examples.batches import in_order, padded
from pipeline.examples.class_scores import macro_f1
from pipeline.examples.measures import Measure
from pipeline.examples.sets import Examples, Split
from pipeline.networks.classifier import Classifier
from pipeline.tasks import classification
from pipeline.tasks.bundle import TaskBundle
from pipeline.tasks.contract import Prediction, Study, Task
from pipeline.tasks.video.data.clips import Clip
from pipeline.tasks.video.data.files import clips_in, sources
from pipeline.tasks.video.data.scores import frame_confusion, frame_measures
from pipeline.tasks.video.data.study import rows_by_frames, shown_clips, timelines
from pipeline.tasks.video.params import VideoParams
from pipeline.training.supervised import Cost, Supervised, class_nats

FrameAnswers = Sequence[Float[np.ndarray, "_ C"]]


def sizes(params: VideoParams, examples: Examples) -> dict[str, int]:
    """Those of a network of frames, with those of the convolution where there is one."""
    found = classification.sizes(params, examples)
    if params.image is None or params.image.features is None:
        return found
    return found | params.image.model_dump()


def _study_clips(
    params: VideoParams, examples: Examples, network: Classifier, answers: classification.Answers
) -> Study:
    """What every classification has; how early the class is known, how far back the loss reaches, and some clips."""
    found, test = classification.study(params, examples, network, answers), examples.splits["test"]
    tables = {
        "frames": rows_by_frames(test, partial(classification.answer, params, network)),
        "lag": classification.lag_rows(network, test),
    }
    course, guesses = partial(classification.course, network), classification.guesses_of(answers)
    shown = {"shown": shown_clips(examples, guesses, course, params.image is not None)}
    return replace(found, tables={**found.tables, **tables}, details={**found.details, **shown})


@dataclass(frozen=True)
class FrameCost(Cost):
    """What the validation split cost, and its macro F1: the weights with the highest are the best.

    The nats are lowest early, when rare classes are hardly guessed.

    >>> FrameCost(3.0, 2, "nats", macro_f1=0.25).loss
    0.75
    """

    macro_f1: float

    @property
    def loss(self) -> float:
        """The missing part of F1."""
        return 1 - self.macro_f1 if math.isfinite(self.summed) else math.nan

    def as_metrics(self, prefix: str) -> dict[str, float]:
        """Nats and F1 under `prefix`/."""
        return {f"{prefix}/{self.name}": self.summed / self.number, f"{prefix}/macro_f1": self.macro_f1}


@dataclass(frozen=True)
class FrameLearning(Supervised[nn.Module]):
    """Validated by macro F1."""

    num_classes: int

    def validate(self, network: nn.Module) -> FrameCost:
        """Of the validation clips."""
        cost = super().validate(network)
        guesses = [of.argmax(-1) for of in answers_to(network, self.validation, self.batch_size)]
        matrix = frame_confusion(self.validation, guesses, self.num_classes)
        return FrameCost(cost.summed, cost.number, cost.name, macro_f1(matrix))


def _objective_of_frames(params: VideoParams, examples: Examples, network: nn.Module, seed: int) -> FrameLearning:
    """The cross-entropy of the class of each frame."""
    train, validation = examples.splits["train"], examples.splits["validation"]
    sizes = params.epochs, params.batch_size, seed, len(examples.classes)
    return FrameLearning(train, validation, class_nats, *sizes)


def answer_frames(params: VideoParams, network: nn.Module, split: Split) -> list[Float[np.ndarray, "_ C"]]:
    """The probabilities of the classes at each frame of each clip."""
    return answers_to(network, split, params.batch_size)


@torch.inference_mode()
def answers_to(network: nn.Module, split: Split, batch_size: int) -> list[Float[np.ndarray, "_ C"]]:
    """The same, so many clips at a time."""
    was_training, device = network.training, next(network.parameters()).device
    network.eval()
    found: dict[int, np.ndarray] = {}
    for indices in in_order(split.lengths, batch_size):
        inputs, lengths, _ = (part.to(device) for part in padded(split, indices))
        given = network(inputs, lengths).softmax(-1).cpu().numpy()
        found |= {i: of[:length] for i, of, length in zip(indices, given, lengths.tolist(), strict=True)}
    network.train(was_training)
    return [found[i] for i in range(len(split))]


def _measure_frames(
    params: VideoParams, examples: Examples, split: Split, answers: FrameAnswers
) -> Mapping[str, Measure]:
    return frame_measures(split, [of.argmax(-1) for of in answers], len(examples.classes))


def _study_frames(params: VideoParams, examples: Examples, network: nn.Module, answers: FrameAnswers) -> Study:
    """The confusion matrix, and truth and guess along some clips."""
    test, guesses = examples.splits["test"], [of.argmax(-1) for of in answers]
    return Study(
        details={
            "confusion": frame_confusion(test, guesses, len(examples.classes)).tolist(),
            "timelines": timelines(test, guesses),
        },
        predictions={"guess": [[examples.classes[i] for i in of] for of in guesses]},
    )


def _clips_of(bundle: TaskBundle[VideoParams], lines: Iterable[str], where: str) -> Iterator[tuple[str, Clip]]:
    """The clips that the lines name: folders of images, files, or folders of these; each with how to call it."""
    channels = bundle.trained.sizes["num_channels"]
    for number, line in enumerate(lines, start=1):
        path = Path(line.strip())
        found = sources(path) if line.strip() and path.exists() else []
        if not found:
            rule = "the path of a clip, or of a folder of clips"
            raise PipelineError(f"{where}: line {number}", rule, repr(line), "name one that is there")
        for source in found:
            for clip in clips_in(source, bundle.params):
                if clip.frames.shape[1] != channels:
                    rule = f"frames of {channels} numbers, as in the training"
                    raise PipelineError(clip.places[0], rule, clip.frames.shape[1], "give it the same channels")
                yield f"{source}: {clip.name}" if clip.name else str(source), clip


def _predict_clips(bundle: TaskBundle[VideoParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The class of each clip, with its probability, and those of all classes after each frame."""
    assert isinstance(bundle.trained.network, Classifier), "CLIPS.kind"
    for name, clip in _clips_of(bundle, lines, where):
        course = classification.course(bundle.trained.network, clip.frames)
        named = [_named(bundle, row) for row in course]
        guess = max(named[-1], key=named[-1].__getitem__)
        fields = {"clip": name, "class": guess, "probabilities": named[-1], "frames": named}
        yield Prediction(f"{guess} {named[-1][guess]:.2f}: {name}", fields)


def _predict_frames(bundle: TaskBundle[VideoParams], lines: Iterable[str], where: str) -> Iterator[Prediction]:
    """The class of each frame: for people where each run begins and ends, for programs frame by frame."""
    for name, clip in _clips_of(bundle, lines, where):
        split = Split([clip.frames], [np.zeros(len(clip.frames), np.int64)])
        (of,) = answer_frames(bundle.params, bundle.trained.network, split)
        guesses: list[str] = [str(bundle.classes[i]) for i in of.argmax(-1)]
        fields = {"clip": name, "classes": guesses, "probabilities": [_named(bundle, row) for row in of]}
        yield Prediction(f"{name}: {runs(guesses)}", fields)


def runs(labels: Sequence[str]) -> str:
    """
    >>> runs(["rest", "rest", "stroke"])
    '1-2 rest, 3-3 stroke'
    """
    said, start = [], 1
    for label, of in groupby(labels):
        end = start + len(list(of)) - 1
        said.append(f"{start}-{end} {label}")
        start = end + 1
    return ", ".join(said)


def _named(bundle: TaskBundle[VideoParams], row: Float[np.ndarray, " C"]) -> dict[str, float]:
    return {name: round(float(p), 6) for name, p in zip(bundle.classes, row, strict=True)}


CLIPS = Task(
    shape="many-to-one",
    kind="frame_classifier",
    sizes=sizes,
    objective=classification.objective,
    answer=classification.answer,
    measure=classification.measure,
    study=_study_clips,
    predict=_predict_clips,
)
FRAMES = Task(
    shape="many-to-many, equal",
    kind="frame_tagger",
    sizes=sizes,
    objective=_objective_of_frames,
    answer=answer_frames,
    measure=_measure_frames,
    study=_study_frames,
    predict=_predict_frames,
)


def TASK(params: VideoParams) -> Task:
    """The task that the params ask for."""
    return FRAMES if params.labels == "frames" else CLIPS
