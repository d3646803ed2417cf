"""Tasks: the classic applications of sequence models, and tasks whose best possible score is known exactly.

Each folder here is a task, found by its name. Its modules:

    params.py    exports `PARAMS`, its entry of params.yaml
    data/        exports `SOURCE`: its examples and what scores without a network; what stage `examples` runs
    task.py      exports `TASK`: its network, scores and predictions; what stage `task` runs
    report.py    exports `REPORT`: its section of the report
"""

from pkgutil import iter_modules


def names() -> list[str]:
    """The tasks there are, by their folders."""
    return [found.name for found in iter_modules(__path__) if found.ispkg]
