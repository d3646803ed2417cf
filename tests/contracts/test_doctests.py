"""The examples in docstrings are right."""

import doctest
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from modules import MODULES


def examples(module: str) -> int:
    """The examples in a module's source."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return sum(line.lstrip().startswith(">>> ") for line in Path(spec.origin).read_text("utf-8").splitlines())


@pytest.mark.parametrize("name", [name for name in MODULES if examples(name)])
def test_the_examples_of_a_module_are_right(name, capsys):
    results = doctest.testmod(import_module(name))
    assert not results.failed, capsys.readouterr().out
    assert results.attempted == examples(name), "doctest overlooks an example"
