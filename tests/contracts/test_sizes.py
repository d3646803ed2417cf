"""No file is longer than 300 lines and no class longer than 100; sections of params are exempt."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("pipeline", "stages", "tests", "reliability", "benchmarks")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
MAX_FILE, MAX_CLASS = 300, 100


def test_no_file_is_too_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert lengths
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE} == {}


def long_classes(source: str) -> list[str]:
    """Names of the classes of a module that are too long."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    return [node.name for node in classes if (node.end_lineno or 0) - node.lineno >= MAX_CLASS]


def test_no_class_is_too_long():
    modules = [path for path in MODULES if path.name != "params.py"]
    assert {str(path): found for path in modules if (found := long_classes(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize(("lines", "found"), [(100, []), (101, ["Long"])])
def test_a_class_may_have_a_hundred_lines(lines, found):
    assert long_classes("class Long:\n" + "    x = 1\n" * (lines - 1)) == found
