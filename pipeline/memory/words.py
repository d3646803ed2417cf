"""What the report says of each task."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from pipeline.memory import names


@dataclass(frozen=True)
class Words:
    """What is said of one task."""

    title: str
    asked: str
    """What has to be remembered, and what a model answers that has forgotten it."""
    distance: str
    """What lies between what is to be remembered and the answer, in the plural."""


def all_words() -> Mapping[str, Words]:
    """The words of every task, by its name."""
    return {name: import_module(f"pipeline.memory.{name}.words").WORDS for name in names()}
