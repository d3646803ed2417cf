"""Every kind of block, in HTML and in Markdown, against text written by hand."""

from pathlib import Path
from typing import get_args

import pytest
from matplotlib.figure import Figure

from pipeline.report.parts import (
    Block,
    Chapter,
    Findings,
    Group,
    Heading,
    MarkedText,
    Paragraph,
    Part,
    Picture,
    Piece,
    Quotation,
    Report,
    Row,
    Sound,
    Table,
    Terms,
    Verdict,
)
from pipeline.report.render import write_report

SCORES = Table(
    ["model", "size", "bits, validation", "test"],
    [Row(["gru", "7", "1.5", "1.6"], "network"), Row(["2-gram", "", "1.7", "1.8"], "n-gram", badge="best <order>")],
    names=2,
    groups=[Group("bits", ["validation", "test"])],
    wrapped=False,
)
WRITTEN: list[tuple[Block, str, str]] = [
    (Heading("a & b"), "<h4>a &amp; b</h4>", "#### a & b"),
    (Paragraph("a < b"), "<p>a &lt; b</p>", "a < b"),
    (
        Paragraph("a.", formulas="Gates"),
        '<p>a. <span class="source">Formulas: docs/gradients.md, “Gates”.</span></p>',
        'a. Formulas: [docs/gradients.md](../docs/gradients.md), "Gates".',
    ),
    (Verdict("It holds."), '<p class="verdict"><b>Verdict.</b> It holds.</p>', "**Verdict.** It holds."),
    (
        Terms({"loss": "less", "lag": "back"}),
        "<dl><dt>loss</dt><dd>less</dd><dt>lag</dt><dd>back</dd></dl>",
        "- **loss**: less\n- **lag**: back",
    ),
    (
        Findings([("gru", "1 < 2")]),
        "<p>Where the measures disagree, or one number does not do:</p>"
        '<ul class="findings"><li><b>gru</b>: 1 &lt; 2</li></ul>',
        "Where the measures disagree, or one number does not do:\n\n- **gru**: 1 < 2",
    ),
    (
        Quotation("3 tokens", "<a>\nb"),
        '<p class="note">3 tokens</p><pre>&lt;a&gt;b</pre>',
        "3 tokens:\n\n    <a>\n    b",
    ),
    (
        MarkedText("drawn", [[Piece("a < "), Piece("b", "x"), Piece(".")], [Piece("c", "y", is_right=False)]]),
        '<p class="note">drawn</p><pre>a &lt; <mark><b>x</b> b</mark>.<mark class="wrong"><b>y</b> c</mark></pre>',
        "drawn:\n\n    a < [x b].\n    [!y c]",
    ),
    (
        Sound("a reel", b"RIFF"),
        '<p class="note">a reel</p><audio controls preload="none" src="data:audio/wav;base64,UklGRg=="></audio>',
        "a reel (to be heard in report.html).",
    ),
    (
        Picture("gates_char", "Gates", "Gates: a < b", "Kept & lost.", Figure),
        '<figure><img src="data:image/svg+xml;base64,PHN2Zy8+" alt="Gates: a &lt; b">'
        "<figcaption>Kept &amp; lost.</figcaption></figure>",
        "![Gates](gates_char.png)\n\nKept & lost.",
    ),
    (
        Table(["step", "a (steps)"], [Row(["10", "> 3"])], note="A note."),
        '<div class="scroll"><table class="wrapped"><thead>'
        '<tr><th>step</th><th class="number">a (steps)</th></tr></thead>'
        '<tbody><tr><th scope="row">10</th><td class="number">&gt; 3</td></tr></tbody></table></div>'
        '<p class="note">A note.</p>',
        "| step | a (steps) |\n|---|--:|\n| 10 | > 3 |\n\nA note.",
    ),
    (
        SCORES,
        '<div class="scroll"><table><thead>'
        '<tr><th rowspan="2">model</th><th rowspan="2">size</th><th colspan="2" class="span">bits</th></tr>'
        '<tr><th class="number">validation</th><th class="number">test</th></tr></thead><tbody>'
        '<tr class="network"><th scope="row">gru</th><td>7</td>'
        '<td class="number">1.5</td><td class="number">1.6</td></tr>'
        '<tr class="n-gram best"><th scope="row">2-gram <span class="badge">best &lt;order&gt;</span></th><td></td>'
        '<td class="number">1.7</td><td class="number">1.8</td></tr></tbody></table></div>',
        "| model | size | bits, validation | test |\n|---|---|--:|--:|\n| gru | 7 | 1.5 | 1.6 |\n"
        "| 2-gram (best <order>) |  | 1.7 | 1.8 |",
    ),
]


def written(block: Block, out: Path) -> tuple[str, str]:
    """A report of one block alone: what HTML, without the white space at its lines' ends, and Markdown have of it."""
    (out / "gates_char.svg").write_text("<svg/>")
    write_report(Report("lead", [Chapter("one", "One", [Part("", [block])])]), out)
    html = "".join(line.strip() for line in (out / "report.html").read_text().splitlines())
    markdown = (out / "report.md").read_text()
    return html.split("<h2>One</h2>")[1].split("</section>")[0], markdown.split("## One\n\n")[1].removesuffix("\n")


@pytest.mark.parametrize(("block", "html", "markdown"), WRITTEN, ids=lambda value: type(value).__name__)
def test_a_block_is_written_in_both_formats(tmp_path: Path, block: Block, html: str, markdown: str):
    assert written(block, tmp_path) == (html, markdown)


def test_there_is_a_test_of_every_kind():
    assert {type(block) for block, *_ in WRITTEN} == set(get_args(Block))


def test_chapters_and_parts_stand_in_their_order_and_summaries_first(tmp_path: Path):
    parts = [Part("", [Paragraph("p1")]), Part("Part", [Paragraph("p2"), Verdict("v")])]
    chapters = [Chapter("a", "Long A", parts, contents="A"), Chapter("b", "B", [], summary="B wins.")]
    write_report(Report("lead", chapters), tmp_path)
    assert (tmp_path / "report.md").read_text() == (
        "# Recurrent networks compared\n\nlead\n\n- B wins.\n\n## Long A\n\np1\n\n### Part\n\np2\n\n**Verdict.** v\n"
        "\n## B\n"
    )
    html = (tmp_path / "report.html").read_text()
    order = [
        '<p class="lead">lead</p>', "<li>B wins.</li>", '<a href="#a">A</a>', '<a href="#b">B</a>', '<section id="a">',
        "<h2>Long A</h2>", "<p>p1</p>", "<h3>Part</h3>", "<p>p2</p>", '<section id="b">', "<h2>B</h2>",
    ]  # fmt: skip
    assert [html.count(text) for text in order] == [1] * len(order)
    assert sorted(order, key=html.index) == order
