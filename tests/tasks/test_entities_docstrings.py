"""The built-in sentences: labels by what names are, splits by module, nothing on both sides."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.entities.data.docstrings import labelled, names_of
from pipeline.tasks.entities.data.spans import spans_of
from pipeline.tasks.entities.data.splits import of_docstrings
from pipeline.tasks.entities.data.words import words_of
from pipeline.text.params import HashSplit
from pipeline.text.python_docs import STDLIB

from .entity_params import small

MODULES = {
    "json.py": '''
class JSONTrouble(ValueError):
    """A trouble of its own."""
class Worse(JSONTrouble): pass
class Queue:
    def __init__(self, maxsize=0, *items):
        """Keep at most maxsize items in a Queue, that is a list."""
    def get_all(self, item, file):
        """{}"""
''',
    "json/tests/test_it.py": '"""Tests are not read here."""',
}
LABELS = {
    "a parameter of this function": ("Write item to the file given.", [("item", "parameter"), ("file", "parameter")]),
    "a parameter of another function": ("Write maxsize to the disk.", []),
    "a built-in exception": ("Raises OSError at once.", [("OSError", "exception")]),
    "an exception by its base": ("Raises JSONTrouble, not else.", [("JSONTrouble", "exception")]),
    "an exception by the base of its base": ("Raises a Worse one.", [("Worse", "exception")]),
    "a type": ("Return a list of str now.", [("list", "type"), ("str", "type")]),
    "an ordinary word that is a type": ("Return the set object now.", []),
    "a class within a sentence": ("Return a Queue of these.", [("Queue", "class")]),
    "an ordinary word first": ("Queue all of these things.", []),
    "a function with an underscore": ("The same as get_all would.", [("get_all", "function")]),
    "a built-in function that is called": ("The same as len(that) is.", [("len", "function")]),
    "an ordinary word that is a function": ("The len of it all.", []),
    "a dotted name": ("Use json.Queue.get_all, or none.", [("json . Queue . get_all", "function")]),
    "a full stop is no dot": ("Ends here file. item too.", [("file", "parameter"), ("item", "parameter")]),
    "a dotted name is no parameter": ("The same as a.file would.", []),
    "doctests are left out": (">>> write item to the file", []),
}


@pytest.fixture
def library(tmp_path):
    """Writes the modules, with this docstring of `get_all`."""

    def write(docstring: str) -> Path:
        for name, source in MODULES.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(source.replace("{}", docstring))
        return tmp_path

    return write


@pytest.mark.parametrize(("docstring", "entities"), LABELS.values(), ids=LABELS)
def test_labels(library, docstring, entities):
    *_, init, last = labelled(library(docstring))
    sentence = init if docstring.startswith(">>>") else last
    assert sentence.origin == "json"
    if not docstring.startswith(">>>"):
        found = [(" ".join(sentence.words[start:stop]), kind) for start, stop, kind in spans_of(sentence.tags)]
        assert found == entities


def test_parameters_of_init_are_those_of_its_own_docstring(library):
    first = next(s for s in labelled(library("nothing")) if s.words[0] == "Keep")
    found = [(" ".join(first.words[start:stop]), kind) for start, stop, kind in spans_of(first.tags)]
    assert found == [("maxsize", "parameter"), ("items", "parameter"), ("Queue", "class"), ("list", "type")]


def test_tests_are_not_read(library):
    assert not any("Tests" in sentence.words for sentence in labelled(library("nothing")))


def test_built_in_names():
    names = names_of([])
    assert {"OSError", "KeyboardInterrupt"} <= names.exceptions
    assert {"len", "open"} <= names.functions
    assert not names.classes


@given(st.text())
def test_words_are_all_of_a_text_but_its_white_space(text):
    words = words_of(text)
    assert all(text[word.start : word.stop] == word.text for word in words)
    assert "".join(word.text for word in words) == "".join(text.split())


@pytest.mark.slow
def test_the_splits_share_no_module_and_no_sentence():
    sentences = labelled(STDLIB)
    assert sentences == labelled(STDLIB)
    split = small().split
    assert isinstance(split, HashSplit)
    found, num_read = of_docstrings(sentences, split)
    assert num_read == len(sentences)
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not {s.origin for s in found[one]} & {s.origin for s in found[other]}
        assert not {s.words for s in found[one]} & {s.words for s in found[other]}
    for of_split in found.values():
        assert len({s.words for s in of_split}) == len(of_split) > 1000
    assert of_docstrings(sentences, split.model_copy(update={"seed": 2}))[0] != found
