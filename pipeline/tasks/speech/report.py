"""The task's section of the report."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.report.applications import best_model
from pipeline.report.parts import Block, Heading, Paragraph, Picture, Row, Sound, Table
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport
from pipeline.tasks.speech.data.pictures import alignments, noise

ASKED = (
    "A recording goes in; what is said comes out, character by character. A network reads the spectrum in steps of "
    "some hundredths of a second and gives probabilities of the characters and of a blank at each; the loss sums over "
    "all ways to place the characters (CTC). The built-in clips are numbers, times and commands spoken by synthetic "
    "voices at several speeds and pitches, with noise; the voice of the test is in no other split. The transcript is "
    "found by beam search with an n-gram of the training transcripts; greedy is without both. The word error rate "
    "(WER) is the number of substituted, missing and added words over the number of words that were said, over all "
    "clips; the character error rate (CER) is the same of characters, spaces among them."
)
WER = MeasureWords("wer", "WER", "%", "lower")
MEASURES = (WER, MeasureWords("cer", "CER", "%", "lower"), MeasureWords("wer_greedy", "greedy WER", "%", "lower"))
TABLES = {
    "snr_db": "By noise (signal-to-noise ratio in dB)",
    "speaker": "By speaker",
    "length": "By length (words)",
}
CAPTION = (
    "Above, the spectrum of a clip, low bands below; beneath it, each character at the steps that the most probable "
    "path with this transcript has it, and the probability of the blank. A character takes a step or two; the blank is "
    "likely in pauses and where steps are left over. The loss does not ask when a character is said, so it may be "
    "later than its sound. The first clips of the test split that were transcribed rightly and wrongly, in the order "
    "of a hash of their names, none picked by hand."
)


def blocks(results: TaskResults) -> Iterator[Block]:
    """What the best model makes of test clips: to look at, to hear, and where it is wrong."""
    model = best_model(results, WER)
    seed, about = next(iter(model.seeds.items()))
    details = about["details"]
    yield Heading(f"What {model.name} hears")
    if details["shown"]:
        alt = f"{CAPTION} {' '.join(map(said, details['shown']))}"
        yield Picture("speech_alignment", "Clips and alignments", alt, CAPTION, lambda: alignments(details["shown"]))
    yield from sounds(details["heard"], model.folders[seed])
    yield from mistakes(details)


def sounds(clips: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[Sound]:
    """Clips of the test split, to be heard."""
    for clip in clips:
        yield Sound(said(clip), (folder / clip["file"]).read_bytes())


def mistakes(details: Mapping[str, Any]) -> Iterator[Block]:
    """The worst clips, and the words that were confused."""
    if not details["worst"]:
        yield Paragraph("Every word of the test split is right.")
        return
    yield Heading("The clips with the most wrong words")
    worst = [
        [row["clip"], noise(row), row["wanted"], row["answer"], str(row["wrong_words"])] for row in details["worst"]
    ]
    yield Table(["clip", "noise", "wanted", "heard", "wrong words"], [Row(cells) for cells in worst], names=4)
    yield Heading("The words that were confused most often")
    confused = [
        [row["wanted"] or "(nothing)", row["said"] or "(nothing)", str(row["n"])] for row in details["confusions"]
    ]
    yield Table(["said", "heard as", "times"], [Row(cells) for cells in confused], names=2)


def said(clip: Mapping[str, Any]) -> str:
    """A clip in words.

    >>> said({"wanted": "stop", "answer": "stop", "snr_db": None})
    '“stop” (clean) was heard as “stop”.'
    """
    return f"“{clip['wanted']}” ({noise(clip)}) was heard as “{clip['answer']}”."


REPORT = TaskReport(
    title="Speech",
    asked=ASKED,
    measures=MEASURES,
    tables=TABLES,
    blocks=lambda results: list(blocks(results)),
    formulas="Transcripts",
)
