"""Equal work has equal bytes, whatever surrounds it: each thing that must not matter is varied alone."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from tiny_run import lay, run_stages

from reliability.project import ROOT, run
from reliability.verify import counted, first_difference

Bytes = Mapping[str, bytes]


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Bytes:
    """What the stages write when nothing is unusual."""
    folder = tmp_path_factory.mktemp("reference")
    lay(folder)
    with pytest.MonkeyPatch.context() as patch:
        return outs_here(patch, folder)


@pytest.fixture
def outs(tmp_path, monkeypatch) -> Callable[[], Bytes]:
    """Run the stages in this process and give what they write."""
    lay(tmp_path)
    return lambda: outs_here(monkeypatch, tmp_path)


def outs_here(patch: pytest.MonkeyPatch, folder: Path) -> Bytes:
    patch.chdir(folder)
    threads = torch.get_num_threads()
    try:
        run_stages()
    finally:
        torch.set_num_threads(threads)
    return bytes_of(folder)


def outs_of_process(folder: Path, **env: str) -> Bytes:
    """What the stages write in a Python of their own with this environment."""
    lay(folder)
    done = run(f"python '{ROOT}/tests/tiny_run.py'", folder, {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **env})
    assert done.returncode == 0, done.stderr
    return bytes_of(folder)


def bytes_of(folder: Path) -> Bytes:
    files = sorted(path for path in (folder / "out").rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def unequal(one: Bytes, two: Bytes) -> list[str]:
    assert len(one) > 40
    return sorted(name for name in one.keys() | two.keys() if one.get(name) != two.get(name))


@pytest.mark.slow
def test_the_path_does_not_matter(reference, tmp_path, monkeypatch):
    folder = tmp_path / "a longer path, with spaces" / "ünroll"
    lay(folder)
    assert unequal(reference, outs_here(monkeypatch, folder)) == []


@pytest.mark.slow
def test_the_order_in_which_folders_are_listed_does_not_matter(reference, outs, monkeypatch):
    listed = []
    monkeypatch.setattr(os, "listdir", turned(os.listdir, listed))
    monkeypatch.setattr(os, "scandir", turned_scan(os.scandir, listed))
    assert unequal(reference, outs()) == []
    assert any("text" in str(folder) for folder in listed), "the stages list their text's folder through these"


def turned(listdir: Callable, listed: list) -> Callable:
    def reversed_listing(path="."):
        listed.append(path)
        return listdir(path)[::-1]

    return reversed_listing


def turned_scan(scandir: Callable, listed: list) -> Callable:
    class ReversedScan(Iterator):
        """An iterator that may be a block's context, as os.scandir's: Python 3.12 walks folders without a block."""

        def __init__(self, path="."):
            listed.append(path)
            with scandir(path) as entries:
                self.entries = reversed(list(entries))

        def __next__(self):
            return next(self.entries)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    return ReversedScan


@pytest.mark.slow
def test_the_time_zone_does_not_matter(reference, outs, zone):
    zone("Asia/Kathmandu")
    assert unequal(reference, outs()) == []


@pytest.fixture
def zone(monkeypatch) -> Iterator[Callable[[str], None]]:
    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.delenv("TZ", raising=False)
    time.tzset()


@pytest.mark.slow
def test_the_umask_does_not_matter(reference, outs):
    before = os.umask(0o077)
    try:
        found = outs()
    finally:
        os.umask(before)
    assert unequal(reference, found) == []


@pytest.mark.faults  # `make verify` varies it, too
def test_the_seed_of_hashes_does_not_matter(reference, tmp_path):
    assert unequal(reference, outs_of_process(tmp_path, PYTHONHASHSEED="4711")) == []


@pytest.mark.faults
@pytest.mark.parametrize(
    "env",
    [
        # a C locale under which Python does not take UTF-8 after all
        pytest.param({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, id="ascii"),
        pytest.param({"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}, id="one thread of tokenizers"),
        pytest.param({"RAYON_NUM_THREADS": "7", "TOKENIZERS_PARALLELISM": "true"}, id="seven threads of tokenizers"),
        pytest.param({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}, id="two threads of BLAS"),
    ],
)
def test_the_locale_and_the_threads_of_libraries_do_not_matter(reference, tmp_path, env):
    assert unequal(reference, outs_of_process(tmp_path, **env)) == []


LOCK = """\
stages:
  corpus:
    cmd: python -m stages.corpus
    outs: [{{path: out/corpus, md5: {corpus}.dir, nfiles: 2}}]
  train:
    cmd: python -m stages.train
    outs: [{{path: out/train, md5: {train}.dir, nfiles: 1}}]
"""


@pytest.fixture
def twins(tmp_path) -> tuple[Path, Path]:
    """Two projects, as equal as `make verify` wants them."""
    for project in (tmp_path / "one", tmp_path / "two"):
        for name in ("corpus/a.json", "corpus/record/b.json", "train/w"):
            (project / "out" / name).parent.mkdir(parents=True, exist_ok=True)
            (project / "out" / name).write_text(name)
        (project / "dvc.lock").write_text(LOCK.format(corpus="1", train="2"))
    return tmp_path / "one", tmp_path / "two"


def test_verify_counts_what_is_equal(twins):
    assert first_difference(*twins) is None
    assert counted(twins[0]) == "2 stages, 3 files"


def test_verify_names_the_first_stage_and_file_that_differ(twins):
    (twins[1] / "out/corpus/record/b.json").write_text("planted")
    (twins[1] / "out/train/w").write_text("what follows from it")
    (twins[1] / "dvc.lock").write_text(LOCK.format(corpus="3", train="4"))
    assert first_difference(*twins) == "stage corpus: out/corpus/record/b.json"


def test_verify_compares_every_lock_and_names_the_cause_before_what_follows_from_it(twins):
    report = "deps: [{{path: out/task, md5: {task}}}]\n    outs: [{{path: reports, md5: {task}}}]\n"
    for project, task in zip(twins, ("5", "6"), strict=True):
        text = (project / "dvc.lock").read_text()
        (project / "dvc.lock").write_text(f"{text}  report:\n    cmd: python\n    {report.format(task=task)}")
        (project / "tasks").mkdir()
        entry = f"{{cmd: python, outs: [{{path: out/task, md5: '{task}'}}]}}"
        (project / "tasks/dvc.lock").write_text(f"stages:\n  task: {entry}\n")
    assert first_difference(*twins) == "stage task: out/task as dvc.lock has it"
    assert counted(twins[0]) == "4 stages, 5 files"


def test_verify_names_a_file_that_one_of_them_lacks(twins):
    (twins[1] / "out/train/w").unlink()
    (twins[1] / "dvc.lock").write_text(LOCK.format(corpus="1", train="4"))
    assert first_difference(*twins) == "stage train: out/train/w"


def test_verify_names_a_stage_whose_command_differs(twins):
    lock = (twins[1] / "dvc.lock").read_text()
    (twins[1] / "dvc.lock").write_text(lock.replace("stages.train", "elsewhere.train"))
    assert str(first_difference(*twins)).startswith("stage train: the outs are equal; its command")
