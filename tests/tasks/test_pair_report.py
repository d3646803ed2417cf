"""What the tasks that translate say in the report, from numbers made for it."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.report.parts import Paragraph, Picture, Table
from pipeline.report.task_results import TaskModelResults, TaskResults
from pipeline.tasks.pair_report import EXACT, difference
from pipeline.tasks.translation.report import REPORT as PLAIN
from pipeline.tasks.translation_attention.report import REPORT as WITH_ATTENTION

MAP = {"source": ["5", "/", "3"], "answer": ["3", "EOS"], "weights": [[0.1, 0.1, 0.8], [0.6, 0.2, 0.2]]}
SCORES = {
    "gru": {"1-8": [0.5, 0.7], "9-16": [0.5, 0.5], "17-32": [0.0, 1.0]},
    "lstm": {"1-8": [0.8, 0.8], "9-16": [0.25, 0.75]},
}
"""Of two seeds; of the longest sources there are two."""


def results(task: str, shift: float = 0.0, maps=(), path=None) -> TaskResults:
    """Of two models with two seeds."""
    about = {"splits": {"train": {"examples": 9}}}
    return TaskResults(task, about, {"path": path}, [], [model(name, shift, list(maps)) for name in SCORES])


def model(name: str, shift: float, maps: list) -> TaskModelResults:
    seeds = {}
    for i in range(2):
        rows = [
            {"length": at, "n": 20 if of[0] else 2, "exact": of[i] + shift, "bleu": 0.5}
            for at, of in SCORES[name].items()
        ]
        shown = [{"right": False, "source": "5/3", "wanted": "3-5", "answer": "5-3"}]
        details = {"maps": maps, "examples": shown, "signatures": {"bleu": "tok:13a", "chrf": "nc:6"}}
        measure = {"value": 0.5 + shift, "low": 0.4, "high": 0.6}
        scores = {"exact": measure, "bleu": measure, "chrf": measure}
        seeds[i] = {"validation": scores, "test": scores, "tables": {"length": rows}, "details": details}
    return TaskModelResults(name, seeds)


def test_what_attention_changes_is_said_at_both_ends():
    """Means over models of the means over seeds: 0.7 and 0.5."""
    said = difference(results("translation_attention"), results("translation", -0.25), EXACT)
    assert said == (
        "Sources of 1-8 tokens: exact match (%) 70.0 with attention, 45.0 without (means over models; attention is "
        "better in 2 of 2). Sources of 9-16 tokens: exact match (%) 50.0 with attention, 25.0 without (means over "
        "models; attention is better in 2 of 2)."
    )


def _of_few(seeds):
    return {
        i: {**of, "tables": {"length": [{**row, "n": 19} for row in of["tables"]["length"]]}} for i, of in seeds.items()
    }


def test_both_are_compared_where_they_translate_the_same_pairs():
    task, plain = results("translation_attention"), results("translation", -0.25)
    blocks = WITH_ATTENTION.compared(task, {"translation": plain})
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    assert picture.caption.endswith("lengths of fewer than 20 test examples are left out.")
    (axes,) = picture.draw().axes
    lines = {line.get_label(): (line.get_linestyle(), np.asarray(line.get_ydata()).tolist()) for line in axes.lines}
    assert lines == {
        "gru": ("-", pytest.approx([60, 50])),
        "lstm": ("-", pytest.approx([80, 50])),
        "gru, without": ("--", pytest.approx([35, 25])),
        "lstm, without": ("--", pytest.approx([55, 25])),
    }
    few = replace(task, models=[replace(of, seeds=_of_few(of.seeds)) for of in task.models])
    assert not WITH_ATTENTION.compared(few, {"translation": plain})
    others = [
        {},
        {"translation": replace(plain, params={"path": "data/m"})},
        {"translation": replace(plain, about={"splits": {}})},
    ]
    assert not any(WITH_ATTENTION.compared(task, of) for of in others)
    assert not PLAIN.compared(plain, {"translation_attention": task})


def test_sentences_of_files_are_compared_by_bleu():
    task, plain = (results(name, path="data/m") for name in ("translation_attention", "translation"))
    (said,) = [b for b in WITH_ATTENTION.compared(task, {"translation": plain}) if isinstance(b, Paragraph)]
    assert "BLEU (%) 50.0 with attention, 50.0 without" in said.text


def test_answers_and_maps_are_shown():
    blocks = list(WITH_ATTENTION.blocks(results("translation_attention", maps=[MAP])))
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert picture.alt.endswith("has 70 % of the attention.")
    (axes,) = picture.draw().axes
    assert [label.get_text() for label in axes.get_xticklabels()] == MAP["source"]
    assert [label.get_text() for label in axes.get_yticklabels()] == MAP["answer"]
    assert [list(row.cells) for row in table.rows] == [["wrong", "5/3", "3-5", "5-3"]]
    assert not any(isinstance(block, Picture) for block in PLAIN.blocks(results("translation")))
