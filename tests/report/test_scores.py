"""The parts on scores: their sentences, cells and curves."""

from pathlib import Path

import pytest

from pipeline.base.params import RunParams
from pipeline.report import scores, words
from pipeline.report.collect import LevelResults, collect
from pipeline.report.parts import Group, Paragraph, Picture, Table

from .conftest import blocks


@pytest.fixture
def char(folders: dict[str, Path], run: RunParams) -> LevelResults:
    return collect(folders, run).levels[0]


def test_the_verdict_comes_first_and_describes_the_figure(char: LevelResults):
    part = scores.part(char, "The verdict.")
    (paragraph, mixture, adaptive), (picture,) = blocks(part, Paragraph), blocks(part, Picture)
    assert paragraph.text.startswith(f"The verdict. {words.ranking(char)} {words.budget(char)}")
    assert (mixture.text, adaptive.text) == (words.mixture(char), words.adaptive(char))
    assert picture.alt == "Learning curves: The verdict."
    assert picture.caption.endswith("is the best n-gram. " + words.band(char).strip())


def test_scores_are_shown_with_their_kind_and_the_best_order(char: LevelResults):
    (table,) = blocks(scores.part(char, ""), Table)
    rows = {row.cells[0]: row for row in table.rows}
    of_lstm = ["lstm", "lstm 1 x 7", "4,000", "1.500 ± 1.271", "1.500 ± 1.271", "15.00 ± 12.71", "15.00 ± 12.71"]
    assert rows["lstm"].cells == [*of_lstm, "1.125 ± 0.953", "1.125 ± 0.953"]
    assert rows["bz2"].cells == ["bz2", "", "-", "2.500", "2.600", "-", "-", "-", "-"]
    assert {name: row.kind for name, row in rows.items()} == {
        "lstm": "network", "rnn": "network", "1-gram": "n-gram", "2-gram": "n-gram", "3-gram": "n-gram",
        "bz2": "compressor", "lstm + 2-gram": "mixture", "rnn + 2-gram": "mixture",
    }  # fmt: skip
    assert {name: row.badge for name, row in rows.items() if row.badge} == {"2-gram": "best order"}


def test_adaptive_numbers_have_columns_of_their_own(char: LevelResults):
    (table,) = blocks(scores.part(char, ""), Table)
    assert [group.title for group in table.groups] == [
        "bits per character", "perplexity", "adaptive bits per character"
    ]  # fmt: skip
    of_lstm = next(row for row in table.rows if row.cells[0] == "lstm + 2-gram")
    assert of_lstm.cells[-2:] == ["-", "-"]


def test_what_is_pseudo_is_called_so(char: LevelResults):
    (table,) = blocks(scores.cloze_part(char), Table)
    of_splits = ("validation", "test")
    assert table.groups == [Group("pseudo bits per character", of_splits), Group("pseudo perplexity", of_splits)]
    assert table.heads[3:] == [
        "pseudo bits per character, validation", "test", "pseudo perplexity, validation", "test"
    ]  # fmt: skip
    assert [(row.cells[0], row.kind) for row in table.rows] == [("bilstm", "cloze")]


def test_curves_of_the_cloze_model_stand_alone(char: LevelResults):
    (picture,) = blocks(scores.cloze_part(char), Picture)
    (axes,) = picture.draw().axes
    assert [line.get_label() for line in axes.lines] == ["bilstm"]
    assert axes.get_ylabel() == "pseudo bits per character, validation text"
