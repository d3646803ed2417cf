"""Clips in three splits, none of a person, and no copy of a clip, in two of them."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.base.errors import CorpusError
from pipeline.examples.sets import Examples, Split
from pipeline.tasks.video.data.clips import Clip
from pipeline.tasks.video.params import GivenSplit, VideoParams
from pipeline.text.params import HashSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

WHERE = "params.yaml: tasks.video.path"
PART = re.compile(r"(?<![a-z])(train|test|validation|valid|val|dev)(?![a-z])", re.IGNORECASE)

Dealt = dict[str, list[Clip]]


def examples_of(clips: Sequence[Clip], params: VideoParams) -> Examples:
    """The clips in three splits, their classes as numbers.

    Raises:
        CorpusError: where a split is empty, a class is in no training clip, or frames have different sizes.
    """
    _check_sizes(clips)
    dealt, repeats = without_repeats(
        given(clips, params.split) if isinstance(params.split, GivenSplit) else hashed(clips, params.split)
    )
    for name, of_split in dealt.items():
        if not of_split:
            raise CorpusError(WHERE, f"clips in the {name} split", "none", "add clips, or correct tasks.video.split")
    classes = _classes(dealt)
    splits = {
        name: _split(of_split, classes, params.window if name == "train" else None) for name, of_split in dealt.items()
    }
    return Examples(splits, classes, counts={"clips": len(clips), "repeats": repeats})


def _check_sizes(clips: Sequence[Clip]) -> None:
    size = clips[0].frames.shape[1]
    for clip in clips:
        if clip.frames.shape[1] != size:
            rule = f"frames of {size} numbers, as in {clips[0].name}"
            raise CorpusError(clip.places[0], rule, clip.frames.shape[1], "give all clips the same channels")


def hashed(clips: Sequence[Clip], split: HashSplit) -> Dealt:
    """Each person, or each clip that names none, goes where its hash says."""
    dealt: Dealt = {name: [] for name in SPLITS}
    for clip in clips:
        share = text_share(clip.person or digest(clip), split.seed)
        dealt[
            "test" if share < split.test else "validation" if share < split.test + split.validation else "train"
        ].append(clip)
    return dealt


def digest(clip: Clip) -> str:
    """Equal for clips of equal frames alone."""
    return hashlib.sha256(repr(clip.frames.shape).encode() + clip.frames.tobytes()).hexdigest()


def given(clips: Sequence[Clip], split: GivenSplit) -> Dealt:
    """By the name of their file or folder; where none is named validation, a share of the training clips is."""
    dealt: Dealt = {name: [] for name in SPLITS}
    for clip in clips:
        dealt[part_of(clip)].append(clip)
    if not dealt["validation"]:
        chosen = [text_share(clip.person or digest(clip), split.seed) < split.validation for clip in dealt["train"]]
        dealt["validation"] = [clip for clip, is_chosen in zip(dealt["train"], chosen, strict=True) if is_chosen]
        dealt["train"] = [clip for clip, is_chosen in zip(dealt["train"], chosen, strict=True) if not is_chosen]
    return dealt


def part_of(clip: Clip) -> str:
    """The split that the name of a clip says.

    Raises:
        CorpusError: where it says none, or two.
    """
    said = {found.lower() for found in PART.findall(clip.name)}
    found = {name if name in ("train", "test") else "validation" for name in said}
    if len(found) != 1:
        rule = "split.method given needs one of train, validation and test in the name of each file or folder"
        raise CorpusError(clip.places[0], rule, clip.name, "rename it, or set split.method: hash")
    return found.pop()


def without_repeats(dealt: Mapping[str, Sequence[Clip]]) -> tuple[Dealt, int]:
    """Each clip once, in the last split that has it: the test split stays whole."""
    seen: set[str] = set()
    kept: Dealt = {}
    for name in reversed(SPLITS):
        kept[name] = [clip for clip in dealt[name] if digest(clip) not in seen]
        seen |= {digest(clip) for clip in kept[name]}
    repeats = sum(len(dealt[name]) - len(kept[name]) for name in SPLITS)
    return {name: kept[name] for name in SPLITS}, repeats


def _classes(dealt: Mapping[str, Sequence[Clip]]) -> list[str]:
    """Those of the training split."""
    classes = sorted({label for clip in dealt["train"] for label in clip.labels})
    if len(classes) < 2:
        raise CorpusError(WHERE, "two classes or more in the training split", classes, "add clips of another class")
    for clip in (clip for name in SPLITS for clip in dealt[name]):
        for label, place in zip(clip.labels, clip.places, strict=True):
            if label not in classes:
                what_to_do = "correct it, set tasks.video.rename, or add training clips of this class"
                raise CorpusError(place, f"a class of the training split, {', '.join(classes)}", label, what_to_do)
    return classes


def _split(clips: Sequence[Clip], classes: Sequence[str], window: int | None) -> Split:
    number = {label: i for i, label in enumerate(classes)}
    inputs, targets, names = [], [], []
    for clip in clips:
        labels = np.array([number[label] for label in clip.labels])
        for start, end in pieces(len(clip.frames), window):
            inputs.append(clip.frames[start:end])
            targets.append(labels[start:end] if len(labels) > 1 else np.array(labels[0]))
            names.append(clip.name)
    return Split(inputs, targets, {"clip": names})


def pieces(length: int, window: int | None) -> list[tuple[int, int]]:
    """Where pieces of a clip begin and end: all of it, or windows that overlap by half.

    >>> pieces(7, None), pieces(7, 4)
    ([(0, 7)], [(0, 4), (2, 6), (3, 7)])
    """
    if window is None or length <= window:
        return [(0, length)]
    starts = [*range(0, length - window, max(window // 2, 1)), length - window]
    return [(start, start + window) for start in starts]
