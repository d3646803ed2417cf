import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.base.params import RunParams
from pipeline.report import chapters
from pipeline.report.collect import collect
from pipeline.report.curves import write_figures
from pipeline.report.render import write_report

from .conftest import REPORTS, make_folders

FIGURES = ("learning", "cloze", "gradients", "gates", "context")
"""Of a level, as they follow each other."""


class Page(HTMLParser):
    """Tags with their attributes, text, and whether every tag that opens closes in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def report(run: RunParams, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here, which only read it."""
    root = tmp_path_factory.mktemp("report")
    results = collect(make_folders(root, run), run)
    out = root / "reports"
    out.mkdir()
    of_level = [f"{figure}_{level}" for level in run.levels for figure in FIGURES]
    for name in [*of_level, "task_agreement"]:
        (out / f"{name}.svg").write_text(f"<svg>{name}</svg>")
    write_report(chapters.report(results, REPORTS), out)
    return out


@pytest.fixture
def page(report: Path) -> Page:
    return Page((report / "report.html").read_text())


def test_what_unknown_tokens_cost_is_said_once_in_both_formats(report: Path, page: Page):
    """At level word alone: the vocabulary of characters lacks none."""
    for text in ("".join(page.text), (report / "report.md").read_text()):
        assert text.count("The vocabulary lacks 2.5% of the test text's tokens.") == 1
        assert text.count("The vocabulary lacks") == 1


def test_text_of_the_corpus_is_text(report: Path, page: Page):
    assert "script" not in {tag for tag, _ in page.tags}
    html = (report / "report.html").read_text()
    assert "&lt;script&gt;alert(&#39;char-rnn-1&#39;)&lt;/script&gt; | a &amp; b\u240d" in html
    assert any("<script>alert('char-rnn-1')</script> | a & b" in text for text in page.text)


def test_the_page_needs_no_other_file(report: Path, page: Page):
    links = [value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")]
    assert links
    assert all(link and link.startswith(("#", "data:")) for link in links)
    html = (report / "report.html").read_text()
    assert not re.search(r"url\(|@import|https?://", html)


def test_every_tag_is_closed_and_every_anchor_exists(page: Page):
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert [f"#{name}" for name in ids] == anchors


def test_every_picture_is_the_right_one_and_described(page: Page):
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert all(picture["alt"] for picture in pictures)
    found = [base64.b64decode(str(picture["src"]).partition(",")[2]).decode() for picture in pictures]
    wanted = [f"{figure}_{level}" for level in ("char", "word") for figure in FIGURES]
    assert found == [f"<svg>{name}</svg>" for name in [*wanted, "task_agreement"]]


def test_the_cloze_model_stands_in_no_table_of_language_models(report: Path):
    tables = re.findall(r"<table>.*?</table>", (report / "report.html").read_text(), re.DOTALL)
    scores = [table for table in tables if "perplexity" in table]
    assert ["bilstm" in table for table in scores] == ["pseudo" in table for table in scores]
    assert ["pseudo" in table for table in scores] == [False, True, False, True]


def test_html_and_markdown_tell_the_same_numbers(report: Path, page: Page):
    markdown = (report / "report.md").read_text()
    text = " ".join(page.text)
    for number in ("1.500 ± 1.271", "16.0 ± 0.0", "> 30", "4,000", "945", "2.50 %", "87.5 ± 0.0"):
        assert number in markdown
        assert number in text


def test_markdown_tables_are_whole(report: Path):
    blocks = re.findall(r"(?:^\|.*\n)+", (report / "report.md").read_text(), re.MULTILINE)
    # the text; scores, cloze, two of the reach, two of layers, gates, context, norms of each level; three of the
    # task; levels, costs
    assert len(blocks) == 1 + 9 * 2 + 3 + 2
    for block in blocks:
        lines = block.splitlines()
        assert re.fullmatch(r"\|(---|--:|\|)+", lines[1])
        assert len({line.count("|") for line in lines}) == 1


def test_markdown_takes_no_sample_for_markup(report: Path):
    found = [line for line in (report / "report.md").read_text().split("\n") if "<script>" in line or "```" in line]
    assert len(found) == 2 * 4 * 2 * 2  # levels, texts (two models and one with and without gaps), samples, lines
    assert all(line.startswith("    ") for line in found)


@pytest.mark.slow
def test_one_level_is_compared_with_none(folders: dict[str, Path], tmp_path: Path):
    run = RunParams(levels=["word"], models=["lstm"], tasks=["agreement"], seeds=[1])
    results = collect(folders, run)
    content = chapters.report(results, REPORTS)
    write_figures(content.pictures, tmp_path)
    write_report(content, tmp_path)
    page = Page((tmp_path / "report.html").read_text())
    assert "levels" not in {attributes.get("id") for _, attributes in page.tags}
    assert "±" not in "".join(text for text in page.text if "interval" not in text and "one seed" not in text)
