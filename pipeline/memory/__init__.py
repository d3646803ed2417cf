"""Tasks whose best possible score is known exactly, and how far a trained network remembers on them.

Each folder here is a task. Its params.py exports `PARAMS`, the section that stands under `memory` by the folder's name;
its task.py exports `TASK`, what is done with it; its words.py exports `WORDS`, what the report says of it.
"""

from pkgutil import iter_modules


def names() -> list[str]:
    """The tasks there are, by their folders."""
    return [found.name for found in iter_modules(__path__) if found.ispkg]
