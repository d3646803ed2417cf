"""Where the corpus lies: there or not, watched by DVC or not, held by Git and DVC or not."""

import re
from pathlib import Path

import pytest

from pipeline.base.errors import CorpusError
from pipeline.text.location import check_location, left_behind
from reliability.project import AUTHOR, run

pytestmark = pytest.mark.slow  # each asks DVC and Git

WHERE = r"params.yaml: corpus.path: "


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder of Git's and DVC's with texts below `data`, of which Git has `.gitkeep` alone."""
    monkeypatch.chdir(tmp_path)
    must("git init -q")
    must("dvc init -q")
    for name in ("data/.gitkeep", "data/my book.txt", "data/books/a.txt", "data/books/b.txt", "texts/a.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("text")
    must("git add data/.gitkeep .dvc .dvcignore")
    return tmp_path


def must(command: str) -> None:
    done = run(command, Path.cwd())
    assert done.returncode == 0, done.stderr


def test_nothing_there_is_one_sentence(project):
    with pytest.raises(CorpusError, match=WHERE + r"a file or folder that is there \(got 'data/x.txt'\); correct it"):
        check_location(Path("data/x.txt"))
    check_location(Path("data/my book.txt"))


@pytest.mark.parametrize(
    ("ignored", "path", "got"),
    [
        ("books", "data", "'data/books/a.txt', 'data/books/b.txt'"),
        ("data/books", "data/books", "'data/books/a.txt', 'data/books/b.txt'"),
        ("b.*", "data/books", "'data/books/b.txt'"),
        ("*.tmp", "data", None),
        ("books", "data/books/a.txt", None),  # a file that is named itself is watched
    ],
)
def test_a_text_that_dvc_would_not_see_change_is_one_sentence(project, ignored, path, got):
    Path(".dvcignore").write_text(f"{ignored}\n")
    if got is None:
        check_location(Path(path))
        return
    with pytest.raises(CorpusError, match=f"{WHERE}texts that DVC does not ignore .got {got}.; move them, or correct"):
        check_location(Path(path))


def test_what_neither_git_nor_dvc_holds_is_named_with_the_commands_that_help(project):
    """The commands are run as they are told: then nothing is left to say."""
    for path in ("data/my book.txt", "data/books", "texts", "data"):
        note = left_behind(Path(path)) or ""
        assert re.match(WHERE + r"Git or DVC holds the text, so that clones and queued experiments have it", note)
        for command in re.findall("`(.+?)`", note):
            must(command)
        assert left_behind(Path(path)) is None
        must("git rm -rq --cached . --ignore-unmatch")
        must("git add data/.gitkeep .dvc .dvcignore")


def test_what_git_has_itself_is_held(project):
    must("git add texts")
    assert left_behind(Path("texts")) is None
    must(f"git {AUTHOR} commit -qm texts")
    assert left_behind(Path("texts/a.txt")) is None
    Path("texts/b.txt").write_text("new")
    assert "'texts/b.txt' in neither" in (left_behind(Path("texts")) or "")


def test_a_folder_of_many_files_beside_gits_own_moves(project):
    for name in "cdef":
        Path(f"data/{name}.txt").write_text("text")
    note = left_behind(Path("data")) or ""
    assert "'data/books/a.txt', 'data/books/b.txt', 'data/c.txt' and 4 more in neither" in note
    assert note.endswith(
        "move them to a folder of their own, and run `dvc add` on it, `git add` on its pointer, and commit"
    )


def test_a_text_outside_the_project_is_nobody_elses(project, tmp_path):
    note = left_behind(tmp_path / "texts")
    assert re.match(
        WHERE + r"clones and other machines have the text \(got .*, outside the project\); copy it", note or ""
    )


def test_without_git_there_are_no_experiments(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").touch()
    assert left_behind(Path("a.txt")) is None
