"""Speech in the report: what is seen, heard and wrong, from what the stage wrote."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.networks.build import build_frame_tagger
from pipeline.networks.params import Model
from pipeline.report.parts import Heading, Paragraph, Picture, Sound, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.speech import report
from pipeline.tasks.speech.params import SpeechParams
from pipeline.tasks.speech.task import measure, study

from . import toy_clips
from .toy_clips import CLASSES, heard, params


@pytest.fixture
def results(tmp_path, model) -> Callable[[list[str] | None, SpeechParams], TaskResults]:
    """Of a model that hears these texts in the test clips; all of them rightly where None."""
    return lambda texts, given: written(tmp_path, model("gru"), texts, given)


def written(tmp_path: Path, section: Model, texts: list[str] | None, given: SpeechParams) -> TaskResults:
    """What the stage leaves."""
    examples, network = toy_clips.examples(), build_frame_tagger(section, 16, len(CLASSES), seed=1)
    answers = [heard(text) for text in texts or examples.splits["test"].notes["text"]]
    found = study(given, examples, network, answers)
    rates = measure(given, examples, examples.splits["test"], answers)
    scores = {name: rate.as_json() for name, rate in rates.items()}
    about = {"validation": scores, "test": scores, "tables": found.tables, "details": found.details, "shape": ""}
    for name, content in found.files.items():
        (tmp_path / name).write_bytes(content)
    return TaskResults("speech", {}, {}, [], [TaskModelResults("lstm", {1: about}, {1: tmp_path})])


def test_clips_are_seen_and_heard_and_what_is_wrong_is_listed(results):
    wanted = toy_clips.examples().splits["test"].notes["text"]
    blocks = report.REPORT.blocks(results(["one two ten", *wanted[1:]], params(language_model_weight=0.0)))
    heading, picture, first, second, *rest = blocks
    assert isinstance(heading, Heading)
    assert heading.text == "What lstm hears"
    assert isinstance(picture, Picture)
    assert len(picture.draw().axes) == 6  # two right clips, one wrong one
    assert isinstance(first, Sound)
    assert isinstance(second, Sound)
    assert first.wav == b"RIFF"
    assert first.about == f"“{wanted[0]}” (noise at 10 dB) was heard as “one two ten”."
    worst, confused = (block for block in rest if isinstance(block, Table))
    assert [row.cells[:4] for row in worst.rows] == [["c-0", "noise at 10 dB", wanted[0], "one two ten"]]
    assert int(worst.rows[0].cells[4]) == sum(int(row.cells[2]) for row in confused.rows)


def test_where_all_is_right_nothing_is_listed(results):
    blocks = report.REPORT.blocks(results(None, params()))
    assert isinstance(blocks[-1], Paragraph)
    assert "right" in blocks[-1].text


@pytest.mark.parametrize("key", report.TABLES)
def test_every_table_is_one_of_the_study(results, key):
    tables = results(None, params()).models[0].seeds[1]["tables"]
    assert key in tables
    for row in tables[key]:
        assert row["wer"] == pytest.approx(0)
        assert all(measure.name in row for measure in report.MEASURES[:2])
