"""Real English that every Python carries: the language reference, then the docstrings of the standard library.

Modules are parsed, never imported: importing some of them opens windows, prints, or starts servers. What comes out
depends on the Python version alone.
"""

import ast
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from pipeline.tokens.units import normalize, units_of

NOT_PROSE = {"test", "tests", "idle_test", "idlelib", "lib2to3", "encodings", "pydoc_data"}
"""Folders that hold tests, an application with tests in it, grammars, code tables, and the topics themselves."""

STDLIB = Path(sysconfig.get_path("stdlib"))

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def python_docs() -> Iterator[str]:
    """The paragraphs of the topics by name, then of the docstrings by module; a repeated paragraph comes once."""
    from pydoc_data.topics import topics

    texts = (text for _, text in sorted(topics.items()))
    seen = set()
    for source in (texts, _docstrings()):
        for text in source:
            for paragraph in units_of(normalize(text), "paragraph"):
                if paragraph not in seen:
                    seen.add(paragraph)
                    yield paragraph


def _docstrings() -> Iterator[str]:
    """All docstrings of the standard library, in the order of the files' names and of their lines."""
    for path in modules(STDLIB):
        yield from _docstrings_of(ast.parse(path.read_bytes()))


def modules(root: Path) -> Iterator[Path]:
    """The source files of the standard library's modules: site-packages are none of them."""
    for name in sorted(sys.stdlib_module_names):
        for path in sorted([*root.glob(f"{name}.py"), *(root / name).rglob("*.py")]):
            if NOT_PROSE.isdisjoint(path.relative_to(root).parts):
                yield path


def _docstrings_of(node: ast.AST) -> Iterator[str]:
    r"""The docstrings below a node, its own first, as `inspect.getdoc` would show them.

    >>> list(_docstrings_of(ast.parse("'''Module.'''\nclass A:\n  '''Class.'''\n  def f(self): 'Function.'")))
    ['Module.', 'Class.', 'Function.']
    """
    return (docstring for definition in definitions(node) if (docstring := docstring_of(definition)))


def docstring_of(definition: Documented) -> str | None:
    """The docstring of a module, class or function as `inspect.getdoc` would show it."""
    docstring = ast.get_docstring(definition, clean=False)
    return docstring and inspect.cleandoc(docstring)


def definitions(node: ast.AST) -> Iterator[Documented]:
    r"""The modules, classes and functions below a node, itself first.

    >>> [type(node).__name__ for node in definitions(ast.parse("class A:\n  def f(self): pass"))]
    ['Module', 'ClassDef', 'FunctionDef']
    """
    if isinstance(node, Documented):
        yield node
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):  # most nodes are expressions: no docstrings
        statements = getattr(node, block, [])
        for statement in statements if isinstance(statements, list) else []:  # a lambda's body is an expression
            yield from definitions(statement)
