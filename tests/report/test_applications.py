from pathlib import Path

from pipeline.base.artifacts import read_json, write_json
from pipeline.base.params import RunParams
from pipeline.report import applications
from pipeline.report.collect import collect
from pipeline.report.formats import NONE
from pipeline.report.parts import Heading, Paragraph, Picture, Table, Verdict
from pipeline.report.task_results import TaskResults

from .conftest import REPORTS, blocks

WORDS = REPORTS["agreement"]


def results(folders: dict[str, Path], seeds: list[int]) -> TaskResults:
    run = RunParams(levels=["char"], models=["rnn", "lstm"], tasks=["agreement"], seeds=seeds)
    return collect(folders, run).tasks[0]


def cells(table: Table) -> list[list[str]]:
    return [list(row.cells) for row in table.rows]


def test_the_overview_has_the_best_of_validation_and_its_test_score(folders: dict[str, Path]):
    (overview,) = blocks(applications.chapter([results(folders, [1])], REPORTS).parts[0], Table)
    assert cells(overview) == [
        [
            "Agreement: was or were", "many-to-one", "right (%)",
            "lstm", "87.5 (75.0-87.5)", "bigrams", "50.0 (37.5-50.0)", "100.0 (87.5-100.0)",
        ]
    ]  # fmt: skip


def test_the_best_baseline_is_the_lowest_where_less_is_better(folders: dict[str, Path]):
    task = results(folders, [1])
    best = applications.best_baseline(task, WORDS.measures[1])
    assert best is not None
    assert best["name"] == "bigrams"
    assert applications.best_model(task, WORDS.measures[1]).name == "lstm"


def test_a_model_without_the_measure_is_not_compared(folders: dict[str, Path]):
    """A cloze model beside language models: its numbers have other names, and none is not the least."""
    path = folders["task"] / "agreement-rnn-1" / "scores.json"
    about = read_json(path)
    for split in ("validation", "test"):
        about[split]["pseudo_bits"] = about[split].pop("bits")
    write_json(path, about)
    task, bits = results(folders, [1]), WORDS.measures[1]
    assert applications.best_model(task, bits).name == "lstm"
    (scores, *_) = blocks(applications.part(task, WORDS, {}), Table)
    assert cells(scores)[3][2] == NONE


def test_a_part_has_all_scores_then_its_tables_and_blocks(folders: dict[str, Path]):
    part = applications.part(results(folders, [1]), WORDS, {})
    assert [type(block) for block in part.blocks] == [Paragraph, Table, Heading, Table, Picture, Verdict]
    scores, by_distance = blocks(part, Table)
    assert [row.kind for row in scores.rows] == ["baseline", "baseline", "optimum", "network", "network"]
    assert cells(scores)[0] == ["without memory", "75.0 (62.5-75.0)", "0.500"]
    assert cells(scores)[4] == ["lstm", "87.5 (75.0-87.5)", "0.250"]
    assert by_distance.heads == ["distance", "n", "rnn: right (%)", "lstm: right (%)"]
    assert cells(by_distance) == [["3", "200", "50.0", "100.0"], ["6", "200", "50.0", "75.0"]]
    (paragraph,) = blocks(part, Paragraph)
    assert paragraph.text.endswith("Examples: 1,000 for training, 2,000 for validation, 3,000 for the test.")


def test_several_seeds_have_the_interval_of_their_mean(folders: dict[str, Path]):
    path = folders["task"] / "agreement-lstm-2" / "scores.json"
    about = read_json(path)
    about["test"]["accuracy"]["value"] = 0.625
    write_json(path, about)
    scores = blocks(applications.part(results(folders, [1, 2]), WORDS, {}), Table)[0]
    # mean 75, s = 12.5 sqrt 2, t(0.975; 1) = 12.706: 12.706 * 12.5
    assert cells(scores)[4] == ["lstm", "75.0 ± 158.8", "0.250 ± 0.000"]


def test_the_verdict_says_who_is_best_beside_what(folders: dict[str, Path]):
    assert applications.verdict(results(folders, [1]), WORDS) == (
        "Best on validation: lstm, with right 87.5 (75.0-87.5) % on the test split; bigrams has 50.0 (37.5-50.0); "
        "the optimum is 100.0 (87.5-100.0)."
    )


def test_a_table_that_no_model_has_is_left_out(folders: dict[str, Path]):
    assert len(blocks(applications.part(results(folders, [1]), WORDS, {}), Table)) == 2
