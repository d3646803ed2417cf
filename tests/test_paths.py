"""Names of files and folders as users have them: each works, or is one sentence; none is run, none is a pattern."""

import unicodedata
from pathlib import Path

import pytest

from pipeline.base.errors import ParamsError, PipelineError
from pipeline.base.params import check
from pipeline.params import read_yaml
from pipeline.text.location import notes_on
from pipeline.text.params import CorpusParams
from reliability.project import ROOT, change_params, make_project, run, small

CORPUS = read_yaml(ROOT / "params.yaml")["corpus"] | {"source": "files"}
TEXT = "".join(f"line {number} of the text\n" for number in range(100))
AWKWARD = [
    "data/my book.txt",
    'data/Alice\'s "book" (1).txt',
    "data/R&D #1, 100%.txt",
    "data/a;touch PWNED;.txt",
    "data/$(touch PWNED)`touch PWNED`.txt",
    "data/${corpus.unit} \\${run}.txt",
    "data/{level}.txt",
    "data/[ab]*?{c,d}!.txt",
    "data/a\\b|c<d>e.txt",
    "data/zip::a@b:c=d.txt",
    "data/two\nlines\tand more.txt",
    f"data/{unicodedata.normalize('NFC', 'é')}.txt",
    f"data/{unicodedata.normalize('NFD', 'é')}.txt",
    "data/ books /a.txt",
    "-rf.txt",
    " leading.txt",
    "data/books; touch PWNED/",
    "data//[my] books/",
]


@pytest.fixture
def project(tmp_path) -> Path:
    """A project in a folder with a name as awkward as those of its texts."""
    folder = tmp_path / "it's [my] project? *#1; touch PWNED; $HOME"
    make_project(folder, small)
    return folder


def write_text(path: Path, is_folder: bool) -> None:
    file = path / "a.txt" if is_folder else path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEXT)


@pytest.mark.faults
def test_a_corpus_of_any_name_is_read_and_watched_and_never_run(project):
    for name in AWKWARD:
        write_text(project / name, name.endswith("/"))
        change_params(project, lambda params, name=name: params["corpus"].update(path=name))
        checked = run("unroll check", project)
        assert checked.returncode == 0, (name, checked.stderr)
        done = run("dvc repro corpus", project)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        assert "Running stage 'corpus'" in done.stdout
        again = run("dvc repro corpus", project)
        assert "Running stage" not in again.stdout, name
    assert list(project.parent.rglob("PWNED")) == []


def test_a_folder_whose_name_ends_dvc_is_one_sentence(tmp_path, monkeypatch):
    """DVC takes braces for a format: it ends with a traceback after each stage."""
    folder = tmp_path / "{my} project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(PipelineError, match=r"project: the project's folder has no braces in its name .*; rename it"):
        notes_on(check(CorpusParams, CORPUS | {"path": "data/a.txt"}, "params.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gru;touch PWNED;", "$(touch PWNED)", "my gru", "a'b;touch PWNED;'", "--help"])
def test_a_wrong_name_of_a_model_is_run_by_no_shell(tmp_path, name):
    """Stage examples needs no other stage that would have checked params.yaml before."""

    def change(params: dict) -> None:
        small(params)
        params["models"][name] = params["models"]["gru"]
        params["run"] |= {"models": [name], "tasks": ["agreement"], "seeds": [1]}

    make_project(tmp_path / "unroll", change)
    done = run("dvc repro -s tasks/dvc.yaml:examples", tmp_path / "unroll")
    assert done.returncode != 0
    assert list(tmp_path.rglob("PWNED")) == []
    assert "params.yaml: models" in done.stderr or "expected one argument" in done.stderr, done.stderr


@pytest.mark.parametrize("path", AWKWARD)
def test_any_name_is_a_valid_path(path):
    assert check(CorpusParams, CORPUS | {"path": path}, "params.yaml").path == path


TEXTS = "a file, or a folder of texts"
WRONG = {
    "": TEXTS,
    ".": TEXTS,
    "./": TEXTS,
    "/": TEXTS,
    "a\0b": TEXTS,
    "~": "`~` is no folder's name here",
    "~/book.txt": "`~` is no folder's name here",
    "~me/book.txt": "`~` is no folder's name here",
    "..": "in the project, or a whole path from / on",
    "../book.txt": "in the project, or a whole path from / on",
    "data/../../book.txt": "in the project, or a whole path from / on",
    "out": "texts that are not below out",
    "./out/corpus/train.parquet": "texts that are not below out",
    "reports/report.md": "texts that are not below reports",
    ".work/book.txt": "texts that are not below .work",
    ".dvc": "texts that are not below .dvc",
    "s3://bucket/book.txt": "a file or folder on this machine",
    "https://example.org/book.txt": "a file or folder on this machine",
}


@pytest.mark.parametrize("path", WRONG)
def test_a_path_that_cannot_work_is_one_sentence(path):
    with pytest.raises(ParamsError) as raised:
        check(CorpusParams, CORPUS | {"path": path}, "params.yaml")
    assert str(raised.value).startswith(f"params.yaml: path: {WRONG[path]} (got {path!r}); ")
    assert "\n" not in str(raised.value)
