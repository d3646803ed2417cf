"""docs/reliability.md promises nothing without a test."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+) \| (.+) \|$", PAGE.partition("## Kills at random moments")[0], re.MULTILINE)
PROMISES = [row for row in ROWS if row != ("promise", "test")]


def test_there_are_promises():
    assert len(PROMISES) > 50


@pytest.mark.parametrize(("promise", "test"), PROMISES, ids=[test for _, test in PROMISES])
def test_every_promise_has_a_test_that_exists(promise, test):
    found = re.fullmatch(r"`(tests/.+\.py)::(test_\w+)`", test)
    assert found, f"{promise}: names no test (got {test})"
    tree = ast.parse((ROOT / found[1]).read_text(encoding="utf-8"))
    assert found[2] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
