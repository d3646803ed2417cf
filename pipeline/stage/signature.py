"""What a stage's function asks for, read off its signature, and the command line that follows from it."""

import argparse
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NewType, get_args, get_origin

from pipeline.base.artifacts import Result

Input = NewType("Input", Path)
"""A file or folder that the stage reads; it must exist."""
Output = NewType("Output", Path)
"""The folder that the stage writes: a temporary one, put in its place when the stage has ended well."""

LONG = ("live", "resume")
"""Arguments of stages that run long: who watches them, and where they go on after a kill."""
LATER = "later"
"""The argument of stages that refuse what a later one would refuse."""
TAG = "model"
"""An axis of the matrix that a stage may have without an argument: whose gradients, whose samples."""


@dataclass(frozen=True)
class Signature:
    """The arguments of a stage function, by what they are.

    Those before the `*` are sections of params.yaml. Those behind it are the `Input`s, the `Output`, `live`, `resume`
    and `later`; every other one is an axis of the stage's matrix in dvc.yaml.
    """

    function: Callable[..., Result]

    @cached_property
    def arguments(self) -> Mapping[str, inspect.Parameter]:
        """All of them, by name."""
        return inspect.signature(self.function).parameters

    @property
    def sections(self) -> list[str]:
        """Names of sections of params.yaml; `model` is the entry of `models` that --model names."""
        return [name for name, a in self.arguments.items() if a.kind is not inspect.Parameter.KEYWORD_ONLY]

    @property
    def inputs(self) -> list[str]:
        """Names of what the stage reads."""
        return [name for name, a in self.arguments.items() if a.annotation is Input]

    @property
    def axes(self) -> list[str]:
        """Names of the items of the matrix that the function takes."""
        others = {*self.sections, *LONG, LATER}
        paths = (Input, Output)
        return [name for name, a in self.arguments.items() if name not in others and a.annotation not in paths]

    @property
    def long(self) -> frozenset[str]:
        """Which of `live` and `resume` it asks for."""
        return frozenset(name for name in LONG if name in self.arguments)

    def parser(self, prog: str) -> argparse.ArgumentParser:
        """A flag for every path and axis, and --model."""
        parser = argparse.ArgumentParser(prog=prog, description=self.function.__doc__)
        for name, argument in self.arguments.items():
            if argument.annotation in (Input, Output):
                parser.add_argument(f"--{name}", type=Path, required=True)
        for name in self.axes:
            parser.add_argument(f"--{name}", required=True, **_values(self.arguments[name].annotation))
        if TAG not in self.axes:
            parser.add_argument(f"--{TAG}", required=TAG in self.sections)
        return parser

    def item(self, options: argparse.Namespace) -> dict[str, Any]:
        """The given value of every axis, --model among them."""
        given = {name: getattr(options, name) for name in dict.fromkeys((*self.axes, TAG))}
        return {name: value for name, value in given.items() if value is not None}

    def fill_in(self, options: argparse.Namespace, item: Mapping[str, object]) -> None:
        """Put the item into the paths: params.yaml's own words may stand in no command, which is a shell's."""
        for name, argument in self.arguments.items():
            if argument.annotation in (Input, Output):
                setattr(options, name, of_item(getattr(options, name), item))


def of_item(path: Path, item: Mapping[str, object]) -> Path:
    """The path with the item's values in the place of their names.

    >>> of_item(Path("out/train/{level}-{seed}"), {"level": "char", "seed": 1})
    PosixPath('out/train/char-1')
    """
    filled = str(path)
    for name, value in item.items():
        filled = filled.replace(f"{{{name}}}", str(value))
    return Path(filled)


def _values(annotation: Any) -> dict[str, Any]:
    """Type and choices of a flag.

    >>> _values(int), _values(Literal["char", "word"])
    ({'type': <class 'int'>}, {'choices': ('char', 'word')})
    """
    return {"choices": get_args(annotation)} if get_origin(annotation) is Literal else {"type": annotation}
