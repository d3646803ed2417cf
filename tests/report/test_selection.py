from pathlib import Path

from pipeline.base.params import RunParams
from pipeline.report.selection import remove_leftovers


def tree(folders: dict[str, Path]) -> dict[str, bytes]:
    """Everything that DVC would hash, by its path in `out`."""
    files = (file for folder in folders.values() for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file).rpartition("/out/")[2]: file.read_bytes() for file in files}


def test_nothing_selected_is_removed(folders: dict[str, Path], run: RunParams):
    before = tree(folders)
    assert list(remove_leftovers(folders, run, ["agreement"])) == []
    assert tree(folders) == before


def test_what_is_left_equals_a_fresh_clone(folders: dict[str, Path], run: RunParams):
    smaller = RunParams(levels=["char"], models=["rnn"], seeds=[2])
    one_of_many = {p: b for p, b in tree(folders).items() if "/word" not in p and ("-1/" not in p and "-2/" not in p)}
    fresh = one_of_many | {p: b for p, b in tree(folders).items() if "/char-rnn-2/" in p or "/agreement-rnn-2/" in p}
    removed = list(remove_leftovers(folders, smaller, ["agreement"]))
    assert tree(folders) == fresh
    # of 12 trainings one stays, in three folders; one of two levels stays in three more; of 6 memories one
    assert len(removed) == 3 * 11 + 3 + 5
    assert folders["train"] / "word-lstm-1" in removed


def test_a_seed_is_no_prefix_of_another(folders: dict[str, Path], run: RunParams):
    (folders["train"] / "char-rnn-1").rename(folders["train"] / "char-rnn-11")
    assert list(remove_leftovers(folders, run, ["agreement"])) == [folders["train"] / "char-rnn-11"]


def test_tasks_no_longer_selected_go(folders: dict[str, Path], run: RunParams):
    removed = list(remove_leftovers(folders, run, ["copying"]))
    assert len(removed) == 3 * 2  # models, seeds
    assert list(folders["memory"].iterdir()) == []


def test_what_no_stage_wrote_is_not_ours_to_remove(folders: dict[str, Path], run: RunParams):
    (folders["train"] / "notes").mkdir()
    (folders["train"] / "notes.txt").write_text("mine")
    assert list(remove_leftovers(folders, run, ["agreement"])) == []
    assert (folders["train"] / "notes").is_dir()
    assert (folders["train"] / "notes.txt").read_text() == "mine"
