"""The sentences, the table and the figure of what is remembered, from scores by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.report import recall
from pipeline.report.parts import Paragraph, Picture, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.recall_source import known_scores

GUESSES = [baseline.as_json() for baseline in known_scores("bits", 1.0, 0.5)]
PARAMS = {"lengths": "[1, 3]", "unseen_lengths": "[6]"}
"""As a record holds them."""
SHARES = {"rnn": (0.5, 0.5), "lstm": (1.0, 0.75), "bilstm": (0.5, 0.5)}


def scores(model: str, **details: Any) -> dict[str, Any]:
    near, far = SHARES[model]
    rows = [
        {"distance": 3, "n": 8, "accuracy": near, "accuracy_low": near - 0.125, "accuracy_high": near, "bits": 0.5},
        {"distance": 6, "n": 8, "accuracy": far, "accuracy_low": far - 0.125, "accuracy_high": far, "bits": 0.5},
    ]
    cost = 0.25 if model == "lstm" else 1.0
    reached = {"largest_length_95": 3 if model == "lstm" else None}
    return {"test": {"bits": {"value": cost}}, "tables": {"distance": rows}, "details": reached | details}


def results(seeds=(1,), models=tuple(SHARES), **details: Any) -> TaskResults:
    of = [TaskModelResults(name, {seed: scores(name, **details) for seed in seeds}) for name in models]
    return TaskResults("agreement", {}, PARAMS, GUESSES, of)


def test_the_sentence_says_who_pays_less_than_a_guess_and_how_far_each_remembers():
    assert recall.verdict(results(), "words") == (
        "The best guess without memory costs 1.000 bits an answer: rnn pays as much (1.000), lstm pays less (0.250) "
        "and bilstm pays as much (1.000). At least 95 % of the answers are right at no distance in rnn and bilstm and "
        "up to 3 words in lstm."
    )


def test_blocks_are_a_sentence_a_figure_and_a_table():
    said, picture, table = recall.blocks(results(), "A title", "words")
    assert isinstance(picture, Picture)
    assert isinstance(table, Table)
    assert isinstance(said, Paragraph)
    assert "More than 3 words were in no training example." in picture.caption
    assert list(table.heads) == ["model", "95 % right up to (words)"]
    assert [list(row.cells) for row in table.rows] == [["rnn", "none"], ["lstm", "3"], ["bilstm", "none"]]


def test_whole_strings_are_compared_with_the_optimum_of_their_own():
    task = results(models=["rnn", "bilstm"], strings={"bits": 6.5, "with_memory": 6.0, "without": 7.0})
    task.models[1].seeds[1]["details"]["strings"] = None  # a cloze model gives a string no probability
    table = recall.reach(task, "symbols")
    assert table.heads[-1] == "whole string, above the optimum (bits; 1.000 without memory)"
    assert [row.cells[-1] for row in table.rows] == ["0.500", "-"]


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_the_figure_is_in_hundredths_with_its_interval_and_chance(seeds):
    axes = recall.drawn(results(seeds, ["rnn", "lstm"]), "words").axes[0]
    lines = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    assert lines["lstm"] == [100, 75]
    assert lines["chance"] == [50, 50]
    assert list(axes.get_xticks()) == [3, 6]
    assert len(axes.collections) == (2 if seeds == (1,) else 0)  # equal seeds have no band
    if seeds == (1,):
        band = axes.collections[1].get_paths()[0].get_extents()
        assert (band.ymin, band.ymax) == (62.5, 100)


@pytest.mark.parametrize("params", [{}, {"lengths": "[3, 6]", "unseen_lengths": "[]"}])
def test_nothing_is_said_of_unseen_distances_where_there_are_none(params):
    picture = recall.blocks(replace(results(), params=params), "A title", "words")[1]
    assert isinstance(picture, Picture)
    assert "no training example" not in picture.caption
