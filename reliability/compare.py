"""What two files hold, compared: equal bytes, and where they are not, the first value that differs.

A file's contents are its values by name: the keys of a JSON file, the tensors of a safetensors file, the lines of
a text.
"""

import json
import math
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Contents = Mapping[str, Any]


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()
"""The value of a name that only the other file has."""
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def files(out: Path) -> list[Path]:
    """Every file of an out, which may be one file, by name."""
    return [out] if out.is_file() else sorted(path for path in out.rglob("*") if path.is_file())


def first_file(one: Path, two: Path, out: str) -> str | None:
    """The first file of an out, by name, that differs between two projects or is in one of them alone; or None."""
    here, there = ({path.relative_to(folder): path for path in files(folder / out)} for folder in (one, two))
    for name in sorted(here.keys() | there.keys()):
        if name not in here or name not in there or here[name].read_bytes() != there[name].read_bytes():
            return name.as_posix()
    return None


def contents(path: Path) -> Contents:
    """The values of a file by name; a file of no known kind is one value, its bytes."""
    match path.suffix:
        case ".json":
            return leaves(json.loads(path.read_text(encoding="utf-8")))
        case ".jsonl":
            lines = path.read_text(encoding="utf-8").splitlines()
            return leaves({f"line {number}": json.loads(line) for number, line in enumerate(lines, 1)})
        case ".safetensors":
            from safetensors.numpy import load_file

            return load_file(path)
        case ".npy":
            return {"array": np.load(path, allow_pickle=False)}
        case ".parquet":
            from pyarrow import parquet

            return leaves({f"column {name}": column for name, column in parquet.read_table(path).to_pydict().items()})
        case ".csv" | ".html" | ".md" | ".txt":
            lines = path.read_text(encoding="utf-8").splitlines()
            return {f"line {number}": line for number, line in enumerate(lines, 1)}
        case _:
            return {"bytes": path.read_bytes()}


def leaves(value: Any, name: str = "") -> dict[str, Any]:
    """Every value inside mappings and lists, by its dotted name; an empty one is a value itself.

    >>> leaves({"metrics": {"loss": 2.5}, "lags": [1, 2], "tags": {}})
    {'metrics.loss': 2.5, 'lags.0': 1, 'lags.1': 2, 'tags': {}}
    """
    if not isinstance(value, dict | list) or not value:
        return {name or "content": value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    prefix = f"{name}." if name else ""
    return {key: leaf for part, inner in items for key, leaf in leaves(inner, f"{prefix}{part}").items()}


def first_value(one: Contents, two: Contents, tolerance: float = 0.0) -> str | None:
    """The first value that differs, or None.

    Args:
        one: contents.
        two: contents, compared with them name by name.
        tolerance: what numbers may differ by, relatively or absolutely.

    >>> first_value({"loss": 2.5, "step": 3}, {"loss": 2.5, "step": 4})
    'step: 3 and 4'
    >>> first_value({"loss": 2.5}, {"loss": 2.50001}, tolerance=0.001)
    """
    for name in [*one, *(name for name in two if name not in one)]:
        a, b = one.get(name, ABSENT), two.get(name, ABSENT)
        if not _is_equal(a, b, tolerance):
            return f"{name}: {_both(a, b)}"
    return None


def _is_equal(a: Any, b: Any, tolerance: float) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return _is_alike(a, b) and np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
    return a == b


def _is_alike(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype


def _both(a: Any, b: Any) -> str:
    """What two unequal values are."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return f"{_SHORT.repr(a)} and {_SHORT.repr(b)}"
    if not _is_alike(a, b):
        return f"{a.dtype} {a.shape} and {b.dtype} {b.shape}"
    largest = np.abs(a.astype(np.float64) - b.astype(np.float64)).max()
    return f"{np.count_nonzero(a != b)} of {a.size} values, largest difference {largest:.3g}"
