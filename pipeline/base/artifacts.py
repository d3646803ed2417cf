"""What a stage leaves behind: its record, from which its MLflow run can be rebuilt, and files with stable bytes."""

import csv
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pipeline.base.errors import ArtifactError

if TYPE_CHECKING:
    import numpy as np

RECORD = "record"
"""Name of the record's folder inside a stage's out."""
ABOUT, HISTORY = "record.json", "history.jsonl"
"""Its files: params, tags, metrics and names of artifacts; the rows of the history, a line each."""
NATS = "nats"
"""Name of the folder of `write_nats` inside a stage's out."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Row:
    """Metrics at one step: an optimiser step of a training, a lag of a gradient curve, an order of an n-gram."""

    step: int
    metrics: Mapping[str, float]


LogRows = Callable[[Sequence[Row]], None]
"""Takes new rows of a stage's history while the stage still runs."""


@runtime_checkable
class Resume(Protocol):
    """Where work that was killed goes on; pipeline/stage/resume.py keeps it on the disk."""

    files: Path
    """A folder for parts of the out that are there before its end. A file never changes once a state was saved."""

    @property
    def is_due(self) -> bool:
        """Whether it is time to save a state."""
        ...

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Keep what is needed to go on after so many steps: tensors, numbers, text, and lists and dicts of them."""
        ...

    def load(self) -> dict[str, Any] | None:
        """The newest state, or None where the work begins anew."""
        ...


@dataclass(frozen=True)
class Result:
    """What a stage function returns. Metrics are finite: what has no value has no key."""

    metrics: Mapping[str, float]
    history: Sequence[Row] = ()
    artifacts: Sequence[str] = ()
    """Files and folders of the out, relative to it, that people look at in MLflow."""


@dataclass(frozen=True)
class Record:
    """All that a stage's MLflow run holds: no run id, no time, no absolute path."""

    params: Mapping[str, Scalar]
    tags: Mapping[str, str]
    """stage, and where they apply level, task, model, cell, seed."""
    metrics: Mapping[str, float]
    history: Sequence[Row] = field(default=())
    artifacts: Sequence[str] = field(default=())

    def save(self, out: Path) -> None:
        """Write into `out`/record: record.json, history.jsonl; DVC looks at every file of an out again and again."""
        folder = out / RECORD
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / ABOUT, {name: getattr(self, name) for name in ("params", "tags", "metrics", "artifacts")})
        lines = [_dumps({"step": row.step, "metrics": row.metrics}) for row in self.history]
        (folder / HISTORY).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    @classmethod
    def load(cls, out: Path) -> "Record":
        """Read what `save` wrote.

        Raises:
            ArtifactError: where a file is missing or damaged.
        """
        about, history = out / RECORD / ABOUT, out / RECORD / HISTORY
        parts = read_json(about)
        try:
            rows = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
            shown = [Row(row["step"], row["metrics"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(history, error) from None
        try:
            return cls(**parts, history=shown)
        except TypeError as error:
            raise damaged(about, error) from None


def damaged(path: Path, error: Exception) -> ArtifactError:
    """The error for a file of a stage's out that cannot be read."""
    what = " ".join(f"{type(error).__name__}: {error}".split())
    what = "no such file" if isinstance(error, FileNotFoundError) else what
    what_to_do = "bring it back with `dvc checkout`, `dvc pull`, or `dvc repro`"
    return ArtifactError(str(path), "the file is needed, whole, as its stage wrote it", what, what_to_do)


def write_json(path: Path, value: object) -> None:
    """Sorted and indented, so that equal values have equal bytes; NaN and infinity are our bugs."""
    path.write_text(_dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """The value that `write_json` wrote.

    Raises:
        ArtifactError: where the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error) from None


def write_nats(out: Path, nats: Mapping[str, "np.ndarray"]) -> None:
    """What a model pays for each token of each of these splits, in the order of the text: nats/SPLIT.npy, float32."""
    import numpy as np

    (out / NATS).mkdir()
    for split, of_tokens in nats.items():
        np.save(out / NATS / f"{split}.npy", of_tokens.astype(np.float32), allow_pickle=False)


def read_nats(out: Path, split: str) -> "np.ndarray":
    """What `write_nats` wrote of a split.

    Raises:
        ArtifactError: where the file is missing or damaged.
    """
    return read_array(out / NATS / f"{split}.npy")


def read_array(path: Path) -> "np.ndarray":
    """The array of a .npy file, memory-mapped.

    Raises:
        ArtifactError: where the file is missing or damaged.
    """
    import numpy as np

    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise damaged(path, error) from None


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A line a row under a line of the columns, for `dvc plots`: None is an empty cell, another key is our bug."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(value, sort_keys=True, indent=indent, ensure_ascii=False, allow_nan=False)


def finite(metrics: Mapping[str, int | float | None]) -> dict[str, float]:
    """The metrics that have a value: what never happened (a lag that was not reached) has no key.

    >>> finite({"lag": None, "norm": 1.0, "ratio": float("nan")})
    {'norm': 1.0}
    """
    return {key: float(value) for key, value in metrics.items() if value is not None and math.isfinite(value)}


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """Nested mappings as one, with dotted keys; lists as JSON.

    >>> flatten({"split": {"seed": 1}, "levels": ["char"]})
    {'split.seed': 1, 'levels': '["char"]'}
    """
    flat: dict[str, Scalar] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = _dumps(value) if isinstance(value, list) else value
    return flat
