"""`make` sees whether .venv was made for this folder: its programs begin with the path of the one it was made in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def dry_run(folder: Path, made_for: Path | None) -> subprocess.CompletedProcess[str]:
    """What `make setup` would do where .venv was made for that folder; None where there is none."""
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("constraints.txt", "pyproject.toml"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    if made_for is not None:
        (folder / ".venv").mkdir()
        (folder / ".venv" / "installed").write_text(f"{made_for}\n")
    command = ["make", "--no-print-directory", "-n", "setup"]  # else a `make` above this one says where it is
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plain", "two words", "it's", "a$b", "(c), d"])
def test_a_venv_of_another_folder_is_made_anew(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    assert "-m venv" in dry_run(folder, None).stdout
    assert "-m venv --clear" in dry_run(folder, tmp_path / "before").stdout
    shutil.rmtree(folder)
    assert "-m venv" not in dry_run(folder, folder).stdout


def test_a_path_with_a_colon_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    """PATH would end there, and `pip` be that of another environment."""
    done = dry_run(tmp_path / "a:b", None)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "a path without a colon" in done.stderr
