"""Sentences of Python's own docstrings, labelled by what each name is in the standard library.

parameter   an argument of the function that the docstring is of; of a class, of its __init__
exception   a class below BaseException
type        a built-in type of TYPES
class       any other class; one without a small and a capital letter beside each other (`Queue`, not `OrderedDict`)
            is an ordinary word at the start of a sentence
function    a function or method with a bracket behind it, or with an underscore or a capital letter within

The first that holds wins, and a name in a dotted name (`os.path.join`) makes all of it one entity. The network sees
the words alone: whether `file` is a parameter has to come from the sentence.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.tasks.entities.data.sentences import Sentence
from pipeline.tasks.entities.data.spans import Span, tags_of
from pipeline.tasks.entities.data.words import Word, sentences_of, words_of
from pipeline.text.python_docs import STDLIB, Documented, definitions, docstring_of, modules
from pipeline.tokens.units import normalize, units_of

TYPES = frozenset("bool bytearray bytes complex dict float frozenset int list memoryview str tuple".split())
"""Those whose names are not verbs or ordinary nouns as well: `set`, `object`, `type`, `range` mostly are."""
NO_NAMES = frozenset(
    "a all an any at be by cls do i it no of on self that the then this to we what when where which who you".split()
)
"""Some of them are parameters somewhere; as words of a sentence they are not."""
BOTH_CASES = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]")
MIN_WORDS, MAX_WORDS = 3, 100
"""Of a sentence; longer ones are tables."""


@dataclass(frozen=True)
class Names:
    """What names mean in the whole library."""

    classes: frozenset[str]
    exceptions: frozenset[str]
    functions: frozenset[str]


def labelled(root: Path = STDLIB) -> list[Sentence]:
    """All labelled sentences below a folder of modules, in the order of the files' names and of their lines."""
    trees = [
        (path.relative_to(root).parts[0].removesuffix(".py"), ast.parse(path.read_bytes())) for path in modules(root)
    ]
    found = [(module, list(definitions(tree))) for module, tree in trees]
    names = names_of(definition for _, below in found for definition in below)
    return [sentence for module, below in found for sentence in _of_module(module, below, names)]


def names_of(below: Iterable[Documented]) -> Names:
    """The names that classes and functions have, built-in ones among them."""
    built_in = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)}
    exceptions = {name for name, kind in built_in.items() if issubclass(kind, BaseException)}
    bases: dict[str, set[str]] = {}
    functions = {name for name, kind in vars(builtins).items() if callable(kind) and not isinstance(kind, type)}
    for node in below:
        if isinstance(node, ast.ClassDef):
            bases.setdefault(node.name, set()).update(map(_last_name, node.bases))
        elif not isinstance(node, ast.Module):
            functions.add(node.name)
    while derived := {name for name, of in bases.items() if of & exceptions} - exceptions:
        exceptions |= derived
    return Names(frozenset(bases) - exceptions, frozenset(exceptions), frozenset(functions))


def _last_name(base: ast.expr) -> str:
    """`Error` of `shutil.Error`; nothing of a call."""
    return base.attr if isinstance(base, ast.Attribute) else base.id if isinstance(base, ast.Name) else ""


def _of_module(module: str, below: Sequence[Documented], names: Names) -> Iterator[Sentence]:
    for definition in below:
        parameters = parameters_of(definition)
        for paragraph in units_of(normalize(docstring_of(definition) or ""), "paragraph"):
            if ">>>" in paragraph:
                continue
            for text in sentences_of(" ".join(paragraph.split())):
                words = words_of(text)
                if MIN_WORDS <= len(words) <= MAX_WORDS:
                    tags = tags_of(entities(words, parameters, names), len(words))
                    yield Sentence(tuple(word.text for word in words), tuple(tags), module)


def parameters_of(definition: Documented) -> set[str]:
    """The names of a function's arguments; of a class, of its __init__.

    >>> sorted(parameters_of(ast.parse("class A:\\n  def __init__(self, x, *y): pass").body[0]))
    ['x', 'y']
    """
    if isinstance(definition, ast.ClassDef):
        inits = [node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
        return parameters_of(inits[0]) if inits else set()
    if isinstance(definition, ast.Module):
        return set()
    arguments = definition.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in every if argument} - NO_NAMES


def entities(words: Sequence[Word], parameters: set[str], names: Names) -> Iterator[Span]:
    """The entities of a sentence in a docstring with these parameters."""
    start = 0
    while start < len(words):
        stop = start + 1
        while _goes_on(words[stop - 1 : stop + 2]):
            stop += 2
        is_called = "(" in [word.text for word in words[stop : stop + 1]]
        if kind := _kind(words[stop - 1].text, stop - start > 1, start == 0, is_called, parameters, names):
            yield Span(start, stop, kind)
        start = stop


def _goes_on(words: Sequence[Word]) -> bool:
    """Whether they are name, full stop, name, without white space between."""
    if len(words) < 3 or words[1].text != "." or not words[0].text.isidentifier() or not words[2].text.isidentifier():
        return False
    return words[0].stop == words[1].start and words[1].stop == words[2].start


def _kind(
    name: str, is_dotted: bool, is_first: bool, is_called: bool, parameters: set[str], names: Names
) -> str | None:
    """What a name is, of a dotted one its last part."""
    is_code = bool(BOTH_CASES.search(name))
    if not name.isidentifier() or name.lower() in NO_NAMES:
        return None
    if name in parameters and not is_dotted:
        return "parameter"
    if name in names.exceptions:
        return "exception"
    if name in TYPES:
        return "type"
    if name in names.classes and name[0].isupper() and (is_code or not is_first):
        return "class"
    if name in names.functions and (is_called or is_code or "_" in name.strip("_")):
        return "function"
    return None
