"""Projects with bad input, and what a user is to see of them: one sentence, exit code 2, nothing half-written."""

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from pipeline.base.errors import EXIT_USER_ERROR

ROOT = Path(__file__).parents[1]
YAML_FILES = YAML(typ="safe")
GIVEN = {"method": "given"}
POSITION = {"method": "position", "validation": 0.1, "test": 0.1}
HASH = {"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1}


def write_project(folder: Path, files: Mapping[str, bytes], changes: Mapping[str, Any]) -> None:
    """A project with texts of its own, small models, and these changes of params.yaml, keys dotted."""
    params = YAML_FILES.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["corpus"] |= {"source": "files", "path": "texts", "unit": "line", "split": GIVEN}
    for model in ("gru", "bidirectional_lstm"):
        params["models"][model] |= {"hidden_size": 8, "embedding_size": 4}
    for level in ("char", "word"):
        params["training"][level] |= {"budget_tokens": 200, "batch_size": 4, "bptt_steps": 8, "num_validations": 2}
        params["sampling"][level] |= {"num_samples": 3, "max_tokens": 20}
        params["vocabulary"][level]["min_count"] = 1
    params["gradients"] = {"max_lag": 1, "positions": 1}
    set_values(params, changes)
    YAML_FILES.dump(params, folder / "params.yaml")
    shutil.copy(ROOT / "environment.yaml", folder)
    (folder / "texts").mkdir()
    for name, content in files.items():
        (folder / "texts" / name).write_bytes(content)


def set_values(params: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        *path, last = key.split(".")
        section = params
        for part in path:
            section = section[part]
        section[last] = value


def given(train: bytes, validation: bytes, test: bytes) -> dict[str, bytes]:
    return {"train.txt": train, "validation.txt": validation, "test.txt": test}


def check_failed(code: int, err: str, sentence: str, out: Path) -> None:
    """The sentence, alone and whole; nothing under the out's name, no scraps."""
    assert (code, err.count("\n")) == (EXIT_USER_ERROR, 1), err
    assert re.fullmatch(f"{sentence}.*\n", err), err
    assert re.search(r": .* \(got .*\); \S", err), err
    assert not out.exists()
    assert left_in_partial() == []


def left_in_partial() -> list[Path]:
    return list(Path(".work/partial").glob("*"))


def parquet(columns: dict[str, list]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def shell(*words: str, stdout: int | Any = subprocess.PIPE) -> tuple[int, str]:
    """Exit code and standard error."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", *words], stdout=stdout, stderr=subprocess.PIPE, env=environment)
    return done.returncode, done.stderr.decode()
