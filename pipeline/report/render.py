"""report.html, one file that opens offline, and report.md: the same chapters, written by a template each."""

import base64
from pathlib import Path
from typing import Any

from pipeline.report.parts import Report

TEMPLATES = Path(__file__).parent / "templates"
_CONTROLS = {i: 0x2400 + i for i in range(32) if chr(i) not in "\t\n"} | {127: 0x2421}


def write_report(report: Report, out: Path) -> None:
    """Write report.html and report.md into the folder that holds the figures."""
    for name, autoescape in (("report.html", True), ("report.md", False)):
        text = _environment(out, autoescape=autoescape).get_template(f"{name}.j2").render(report=report)
        (out / name).write_text(text, encoding="utf-8")


def _environment(out: Path, *, autoescape: bool) -> Any:
    """Jinja with our filters; a name that does not exist is an error, not an empty string."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "kind": lambda block: type(block).__name__.lower(),
        "visible": visible,
        "verbatim": verbatim,
        "image": lambda name: _uri("image/svg+xml", (out / f"{name}.svg").read_bytes()),
        "sound": lambda wav: _uri("audio/wav", wav),
    }
    return environment


def visible(text: str) -> str:
    """Text with its control characters as pictures: in a file of text they would be invalid, or break a line.

    >>> visible("a\\tb\\r\\x00")
    'a\\tb␍␀'
    """
    return text.translate(_CONTROLS)


def verbatim(text: str) -> str:
    """Text as an indented code block, where Markdown takes no character for markup."""
    return "\n".join(f"    {line}" for line in visible(text).split("\n"))


def _uri(media_type: str, content: bytes) -> str:
    """A data URI, so that the page needs no other file."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
