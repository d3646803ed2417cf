"""The embedded corpus."""

import ast
import inspect
import json.decoder
import statistics
import sys
import textwrap

import pytest

from pipeline.text.python_docs import _docstrings_of, modules
from pipeline.tokens.units import normalize, units_of


@pytest.mark.slow
def test_size_and_order(paragraphs):
    """About 0.47 M characters of topics, the first one's first; about 1.4 M of docstrings; nothing twice."""
    assert paragraphs[0] == 'The "assert" statement\n**********************'
    assert len(paragraphs) == len(set(paragraphs))
    assert 1_700_000 < sum(map(len, paragraphs)) < 2_500_000
    assert len(paragraphs) > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("documented", [statistics.median, json.decoder.JSONDecoder, json.JSONDecoder.decode, textwrap])
def test_docstrings_as_python_shows_them(paragraphs, documented):
    """What is parsed here is what inspect.getdoc gives for the imported object."""
    docstring = inspect.getdoc(documented)
    assert docstring is not None
    assert set(units_of(normalize(docstring), "paragraph")) <= set(paragraphs)


def test_nothing_is_imported_and_no_test_is_read(tmp_path):
    """Files come by name; folders of tests are left out, and so is what is no module of the standard library."""
    for name in (
        "json/tool.py",
        "json/__init__.py",
        "ast.py",
        "json/tests/test_x.py",
        "site-packages/six.py",
        "test.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("raise SystemExit")
    names = [str(path.relative_to(tmp_path)) for path in modules(tmp_path)]
    assert names == ["ast.py", "json/__init__.py", "json/tool.py"]


@pytest.mark.slow
def test_antigravity_opens_no_browser(paragraphs):
    """Importing `antigravity` does: it is in the standard library, and must stay unimported."""
    assert "antigravity" not in sys.modules


def test_every_docstring_is_found_that_a_full_walk_finds():
    """Skipping expressions loses none: functions below if, try, with, for, match come, too."""
    source = inspect.getsource(inspect) + textwrap.dedent("""
        try:
            def f(): "f"
        except OSError:
            def g(): "g"
        else:
            async def h(): "h"
        finally:
            with x:
                class C: "C"
        match x:
            case 1:
                def m(): "m"
    """)
    tree = ast.parse(source)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    walked = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
    found = list(_docstrings_of(tree))
    assert sorted(found) == sorted(filter(None, walked))
    assert {"f", "g", "h", "C", "m"} <= set(found)
