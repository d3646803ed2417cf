"""The classes of errors, and how those that list several problems print them."""

import pickle
import re
from importlib import import_module
from inspect import getmembers, isclass

import pytest
from modules import MODULES

from pipeline.base import errors
from pipeline.base.errors import ParamsError, PipelineError, ProblemsError
from pipeline.language.pairs import PairsError

LINE = re.compile(r"^([│├└─ ]*)(\w+Error)\b", re.MULTILINE)


def drawn(tree: str) -> set[tuple[str, str]]:
    """Each class of a drawn tree with its base; a level is indented by four characters."""
    bases, found = ["Exception"], set()
    for indent, name in LINE.findall(tree):
        depth = 1 + len(indent) // 4
        found.add((name, bases[depth - 1]))
        bases[depth:] = [name]
    return found


def test_the_docstring_draws_every_error_class():
    members = [value for module in MODULES for _, value in getmembers(import_module(module), isclass)]
    ours = {value for value in members if issubclass(value, BaseException) and value.__module__ in MODULES}
    public = {value for value in ours if not value.__name__.startswith("_")}
    assert drawn(errors.__doc__ or "") == {(value.__name__, value.__bases__[0].__name__) for value in public}


def test_a_drawn_tree_is_read_by_its_indentation():
    assert drawn("AError\n├── BError  text\n│   └── CError\n└── DError") == {
        ("AError", "Exception"), ("BError", "AError"), ("CError", "BError"), ("DError", "AError")
    }  # fmt: skip


@pytest.mark.parametrize("kind", [ProblemsError, ParamsError, PairsError])
def test_several_problems_are_printed_one_a_line(kind):
    error = kind(["a: b (got c); d", "e: f (got g); h"])
    assert isinstance(error, PipelineError)
    assert str(error) == "a: b (got c); d\ne: f (got g); h"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
