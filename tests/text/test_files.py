"""Which files of a folder are text: nothing is left out in silence."""

import os
import socket

import pytest

from pipeline.base.errors import CorpusError, PipelineError
from pipeline.text.files import files_of


def test_files_of_a_folder_come_by_name_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.txt", "c/d.txt", "e.dvc/f.txt", ".gitkeep", ".x/y.txt", "a.txt.dvc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [str(file.relative_to(tmp_path)) for file in files_of(tmp_path)]
    assert names == ["a.txt", "b.txt", "c/d.txt", "e.dvc/f.txt"]
    assert files_of(tmp_path / "a.txt") == [tmp_path / "a.txt"]


def test_links_to_files_are_files(tmp_path):
    """DVC's own links are such, and it watches what they lead to; so is a link as corpus.path itself."""
    (tmp_path / "elsewhere.txt").write_text("x")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").symlink_to("../elsewhere.txt")
    (tmp_path / "linked").symlink_to("texts")
    assert files_of(tmp_path / "texts") == [tmp_path / "texts/a.txt"]
    assert files_of(tmp_path / "linked") == [tmp_path / "linked/a.txt"]


@pytest.mark.parametrize("target", ["../elsewhere", ".", ".."])
@pytest.mark.parametrize("place", ["linked", "sub/linked"])
def test_a_linked_folder_is_named(tmp_path, target, place):
    """DVC does not watch what is behind it; a loop is such a link."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "texts/sub").mkdir(parents=True)
    link = tmp_path / "texts" / place
    link.symlink_to(tmp_path / "texts" / target)
    with pytest.raises(CorpusError, match=rf"{place}: .* no link to a folder, .* \(got a link to .*\); put the folder"):
        files_of(tmp_path / "texts")


def test_a_link_to_itself_is_left_to_the_reader(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    assert files_of(tmp_path) == [tmp_path / "loop"]


def test_a_pipe_or_a_socket_is_named(tmp_path):
    """Whoever opened a pipe would wait for a writer."""
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(CorpusError, match=r"pipe\.txt: .* files and folders \(got a pipe, socket or device\)"):
        files_of(tmp_path)
    (tmp_path / "pipe.txt").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(CorpusError, match=r"s: .* files and folders"):
            files_of(tmp_path)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    """As root, who may list all, the tests let the system refuse."""
    (tmp_path / "closed").mkdir()
    listed = os.listdir

    def refused(folder):
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(PipelineError, match=r"closed: open to the user who runs this"):
        files_of(tmp_path)
