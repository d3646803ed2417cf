"""Where each recording goes: train, validation or test."""

from collections.abc import Sequence

from pipeline.base.errors import CorpusError
from pipeline.tasks.speech.data.clips import Clip
from pipeline.tasks.speech.params import HashSplit, SpeakerSplit
from pipeline.text.splits import text_share
from pipeline.tokens.batches import SPLITS

WHERE = "params.yaml: tasks.speech.split"


def dealt(clips: Sequence[Clip], split: SpeakerSplit | HashSplit) -> dict[str, list[Clip]]:
    """The recordings of each split.

    Raises:
        CorpusError: where a speaker is not among the recordings, or a split is left without one.
    """
    if isinstance(split, SpeakerSplit):
        _check_speakers(clips, split)
    found: dict[str, list[Clip]] = {name: [] for name in SPLITS}
    for clip in clips:
        found[_by_speaker(clip, split) if isinstance(split, SpeakerSplit) else _by_hash(clip, split)].append(clip)
    if not all(found.values()):
        got = {name: len(of) for name, of in found.items()}
        raise CorpusError(WHERE, "recordings in each split", got, "add some, or give that split more")
    return found


def _by_speaker(clip: Clip, split: SpeakerSplit) -> str:
    if clip.speaker in split.test:
        return "test"
    if isinstance(split.validation, list):
        return "validation" if clip.speaker in split.validation else "train"
    return "validation" if text_share(clip.name, split.seed) < split.validation else "train"


def _by_hash(clip: Clip, split: HashSplit) -> str:
    share = text_share(clip.name, split.seed)
    return "test" if share < split.test else "validation" if share < split.test + split.validation else "train"


def _check_speakers(clips: Sequence[Clip], split: SpeakerSplit) -> None:
    known = sorted({clip.speaker for clip in clips if clip.speaker is not None})
    named = [*split.test, *(split.validation if isinstance(split.validation, list) else [])]
    if unknown := [speaker for speaker in named if speaker not in known]:
        raise CorpusError(WHERE, f"speakers of the recordings, {known[:20]}", unknown, "correct them")
