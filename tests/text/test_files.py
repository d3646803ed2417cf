"""Which files of a folder are text."""

from pipeline.text.files import files_of


def test_files_of_a_folder_come_by_name_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.txt", "c/d.txt", ".gitkeep", ".x/y.txt", "a.txt.dvc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [str(file.relative_to(tmp_path)) for file in files_of(tmp_path)]
    assert names == ["a.txt", "b.txt", "c/d.txt"]
    assert files_of(tmp_path / "a.txt") == [tmp_path / "a.txt"]
