"""report.html, one file that opens offline, and report.md: templates filled with tables, figures and words."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.report import samples, tables, terms, words
from pipeline.report.collect import Results
from pipeline.report.estimates import Estimate

TEMPLATES = Path(__file__).parent / "templates"
NONE = "-"
_CONTROLS = {i: 0x2400 + i for i in range(32) if chr(i) not in "\t\n"} | {127: 0x2421}


def write_report(results: Results, out: Path) -> None:
    """Write report.html and report.md into the folder that holds the figures."""
    for name, autoescape in (("report.html", True), ("report.md", False)):
        text = _environment(out, autoescape=autoescape).get_template(f"{name}.j2").render(results=results)
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
    environment.filters |= {"number": number, "count": count, "reach": reach, "visible": visible, "verbatim": verbatim}
    environment.globals |= {
        "words": words,
        "tables": tables,
        "terms": terms,
        "samples": samples,
        "image": lambda name: _uri(out, name),
    }
    return environment


def number(value: Estimate | None, decimals: int = 3) -> str:
    """The mean, and its 95 % interval where several seeds give one.

    >>> number(Estimate(1.5, None, 1)), number(Estimate(81234.0, 20.0, 3), 0), number(None)
    ('1.500', '81,234 ± 20', '-')
    """
    if value is None:
        return NONE
    mean = f"{value.mean:,.{decimals}f}"
    return f"{mean} ± {value.half_width:,.{decimals}f}" if value.half_width is not None else mean


def count(value: Estimate | None) -> str:
    """A number that no seed changes.

    >>> count(Estimate(81234.0, 0.0, 3)), count(None)
    ('81,234', '-')
    """
    return NONE if value is None else f"{value.mean:,.0f}"


def reach(numbers: Mapping[str, Estimate], key: str, max_lag: int) -> str:
    """A half-life or horizon; a horizon that some seed does not reach lies beyond what was measured.

    >>> reach({"horizon_1pct": Estimate(12.0, None, 1)}, "horizon_1pct", 100), reach({}, "half_life", 100)
    ('12', '-')
    >>> reach({"reached_1pct": Estimate(0.5, 1.0, 4)}, "horizon_1pct", 100)
    '> 100 in 2 of 4 seeds'
    """
    if key in numbers:
        value = numbers[key]
        return number(value, 1 if key == "half_life" or value.seeds > 1 else 0)
    reached = numbers.get(key.replace("horizon", "reached"))
    if reached is None:
        return NONE
    beyond = reached.seeds - round(reached.mean * reached.seeds)
    return f"> {max_lag}" + (f" in {beyond} of {reached.seeds} seeds" if beyond < reached.seeds else "")


def visible(text: str) -> str:
    """Text with its control characters as pictures: in a file of text they would be invalid, or break a line.

    >>> visible("a\\tb\\r\\x00")
    'a\\tb␍␀'
    """
    return text.translate(_CONTROLS)


def verbatim(text: str) -> str:
    """Text as an indented code block, where Markdown takes no character for markup."""
    return "\n".join(f"    {line}" for line in visible(text).split("\n"))


def _uri(out: Path, name: str) -> str:
    """A figure as a data URI, so that the page needs no other file."""
    return "data:image/svg+xml;base64," + base64.b64encode((out / name).read_bytes()).decode("ascii")
