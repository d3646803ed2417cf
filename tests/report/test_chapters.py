from pathlib import Path

from pipeline.base.params import RunParams
from pipeline.report import words
from pipeline.report.chapters import report
from pipeline.report.collect import collect
from pipeline.report.parts import Chapter

from .conftest import REPORTS


def titles(chapter: Chapter) -> list[str]:
    return [part.title for part in chapter.parts]


def test_chapters_and_parts_come_in_the_order_in_which_they_are_read(folders: dict[str, Path], run: RunParams):
    content = report(collect(folders, run), REPORTS)
    assert [chapter.name for chapter in content.chapters] == ["terms", "text", "char", "word", "applications", "levels"]
    assert titles(content.chapters[2]) == titles(content.chapters[3]) == [
        "Who predicts best", "Models that see both sides", "How far the gradient reaches",
        "Layer by layer, and while training", "What the gates keep",
        "What the gradient can see, and what the model uses", "Exploding gradients, and clipping", "What they write",
    ]  # fmt: skip
    assert titles(content.chapters[4]) == ["", "Agreement: was or were"]


def test_the_report_begins_with_the_verdict_of_each_level(folders: dict[str, Path], run: RunParams):
    results = collect(folders, run)
    content = report(results, REPORTS)
    summaries = [chapter.summary for chapter in content.chapters if chapter.summary]
    assert summaries == [words.verdict(level) for level in results.levels]
    assert content.lead == words.overview(results)


def test_without_models_of_both_kinds_there_is_no_part_of_the_other(folders: dict[str, Path]):
    char = report(
        collect(folders, RunParams(levels=["char"], models=["rnn"], tasks=["agreement"], seeds=[1])), REPORTS
    ).chapters[2]
    assert titles(char)[:2] == ["Who predicts best", "How far the gradient reaches"]
    cloze = report(
        collect(folders, RunParams(levels=["char"], models=["bilstm"], tasks=["agreement"], seeds=[1])), REPORTS
    )
    names = [picture.name for picture in cloze.pictures]
    assert names == ["cloze_char", "gradients_char", "gates_char", "context_char", "task_agreement"]


def test_without_tasks_there_is_no_chapter_of_them(folders: dict[str, Path]):
    content = report(collect(folders, RunParams(levels=["char"], models=["rnn"], tasks=[], seeds=[1])), REPORTS)
    assert [chapter.title for chapter in content.chapters] == ["Terms", "The text", "Characters"]
