"""What a stage says to the process that logs its run: one JSON object a line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.base.artifacts import Row
from pipeline.tracking.work import Work


@dataclass(frozen=True)
class Begin:
    """The first message: the run of which work, its params and tags, and the process that owns it."""

    work: Work
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    process: str


@dataclass(frozen=True)
class Rows:
    """New rows of the history."""

    rows: Sequence[Row]


@dataclass(frozen=True)
class Finish:
    """The last message of a stage that ended well: the path of its out."""

    out: str


@dataclass(frozen=True)
class End:
    """The last message of a stage that did not: the run's status, FAILED or KILLED, and the reason."""

    status: str
    error: str


Message = Begin | Rows | Finish | End


def encode(message: Message) -> str:
    r"""The message as a line, in ASCII: a reason may hold bytes of a file's name that are no UTF-8.

    >>> encode(Rows([Row(3, {"nats": 0.5})]))
    '{"type": "Rows", "rows": [{"step": 3, "metrics": {"nats": 0.5}}]}\n'
    """
    return json.dumps({"type": type(message).__name__, **vars(message)}, default=vars) + "\n"


def decode(line: str) -> Message:
    r"""The message of a line.

    >>> decode('{"type": "End", "status": "KILLED", "error": "KeyboardInterrupt()"}\n')
    End(status='KILLED', error='KeyboardInterrupt()')
    """
    fields = json.loads(line)
    match fields.pop("type"):
        case "Begin":
            return Begin(Work(**fields.pop("work")), **fields)
        case "Rows":
            return Rows([Row(**row) for row in fields["rows"]])
        case "Finish":
            return Finish(**fields)
        case "End":
            return End(**fields)
        case other:
            raise ValueError(f"no message has the type {other}")
