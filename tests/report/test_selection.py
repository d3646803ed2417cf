"""What is selected no longer is removed where DVC's cache holds it, and left alone where it does not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.base.artifacts import Record
from pipeline.base.params import RunParams
from pipeline.report.selection import leftovers, remove_cached
from reliability.project import run as run_command


def names(paths: list[Path]) -> list[str]:
    return [f"{path.parent.name}/{path.name}" for path in paths]


def test_nothing_selected_is_left_over(folders: dict[str, Path], run: RunParams):
    assert leftovers(folders, run) == []


def test_what_is_left_over_is_all_that_a_fresh_clone_has_not(folders: dict[str, Path], run: RunParams):
    smaller = RunParams(levels=["char"], models=["rnn"], tasks=["agreement"], seeds=[2])
    left = leftovers(folders, smaller)
    # of 12 trainings one stays, in three folders; one of two levels stays in three more; of 6 learned tasks one
    assert len(left) == 3 * 11 + 3 + 5
    assert folders["train"] / "word-lstm-1" in left
    assert not {"char-rnn-2", "char", "agreement-rnn-2"} & {path.name for path in left}


def test_a_seed_is_no_prefix_of_another(folders: dict[str, Path], run: RunParams):
    (folders["train"] / "char-rnn-1").rename(folders["train"] / "char-rnn-11")
    assert names(leftovers(folders, run)) == ["train/char-rnn-11"]


def test_tasks_no_longer_selected_are_left_over(folders: dict[str, Path], run: RunParams):
    other = run.model_copy(update={"tasks": ["copying"]})
    assert {path.parent.name for path in leftovers(folders, other)} == {"examples", "task"}


def test_files_of_ones_own_are_left_over_and_hidden_ones_are_not(folders: dict[str, Path], run: RunParams):
    (folders["train"] / "notes.txt").write_text("mine")
    (folders["train"] / ".gitignore").touch()
    assert names(leftovers(folders, run)) == ["train/notes.txt"]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of trainings in an empty DVC repository, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    assert run_command("dvc init -q --no-scm", tmp_path).returncode == 0
    Path("out/train").mkdir(parents=True)
    return Path("out/train")


def write(path: Path, seed: int) -> None:
    """A training of `gru` on words, with weights that no other has."""
    Record({}, {"stage": "train", "level": "word", "model": "gru", "seed": str(seed)}, {}).save(path)
    (path / "weights").write_text(f"weights {path} {seed}")


def cache(path: Path) -> None:
    """Have DVC keep a copy of the folder, as `dvc repro` does."""
    assert run_command(f"dvc add -q {path}", Path.cwd()).returncode == 0
    path.with_name(f"{path.name}.dvc").unlink()


def cached(path: Path) -> None:
    write(path, 1)
    cache(path)


def uncommitted(path: Path) -> None:
    """As `dvc repro --no-commit` leaves it."""
    write(path, 1)


def changed(path: Path) -> None:
    cached(path)
    shutil.copy(path / "weights", path / "weights.mine")


def edited(path: Path) -> None:
    cached(path)
    (path / "weights").unlink()  # DVC's cache may be what a link leads to
    (path / "weights").write_text("mine")


def collected(path: Path) -> None:
    """One file of the cache is gone, as after a `dvc gc` that was interrupted."""
    cached(path)
    files = [file for file in Path(".dvc/cache/files/md5").rglob("*") if file.is_file()]
    next(file for file in files if file.read_text() == (path / "weights").read_text()).unlink()


def copied(path: Path) -> None:
    """DVC's cache holds its content, and not that it has this name."""
    other = path.with_name("word-gru-2")
    write(other, 2)
    cache(other)
    other.rename(path)


def notes(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("mine")
    cache(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "goes"),
    [
        (cached, True),
        (uncommitted, False),
        (changed, False),
        (edited, False),
        (collected, False),
        (copied, False),
        (notes, False),
    ],
)
def test_what_dvcs_cache_does_not_hold_is_left_alone(train: Path, make: Callable[[Path], None], goes: bool):
    path = train / "word-gru-1"
    make(path)
    before = sorted(path.rglob("*"))
    assert list(remove_cached([path])) == ([path] if goes else [])
    assert sorted(path.rglob("*")) == ([] if goes else before)


def test_without_dvc_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    uncommitted(tmp_path / "word-gru-1")
    assert list(remove_cached([tmp_path / "word-gru-1"])) == []
    assert (tmp_path / "word-gru-1").is_dir()
