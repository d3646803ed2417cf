"""From a source to three parquet files."""

import json

import pyarrow.parquet as pq
import pytest

from pipeline.base.artifacts import Record
from pipeline.base.errors import EXIT_OK, EXIT_USER_ERROR, CorpusError
from pipeline.text.corpus import Tally, given_files, write_corpus
from pipeline.text.params import CorpusParams
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.units import group, lines_of
from stages.corpus import corpus as corpus_stage

POSITION = {"method": "position", "validation": 0.1, "test": 0.1}
HASH = {"method": "hash", "validation": 0.1, "test": 0.1, "seed": 1}
GIVEN = {"method": "given"}


def params(source="files", unit="line", split=POSITION, column=None) -> CorpusParams:
    path = "texts" if source == "files" else "data"
    values = {"source": source, "path": path, "hub": None, "column": column, "unit": unit, "split": split}
    return CorpusParams.model_validate(values)


def texts(out, split) -> list[str]:
    return pq.read_table(out / f"{split}.parquet")["text"].to_pylist()


def run(path, out, **changes) -> tuple[dict[str, Tally], dict[str, list[str]]]:
    """The tallies and the units of each split."""
    out.mkdir(exist_ok=True)
    tallies = write_corpus(params(**changes), path, out)
    return dict(tallies), {name: texts(out, name) for name in SPLITS}


@pytest.mark.parametrize(
    ("text", "lines"), [("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\na", ["", "a"])]
)
def test_lines(text, lines):
    """A last line end ends the last line and begins none."""
    assert lines_of(text) == lines


@pytest.mark.parametrize(
    ("lines", "paragraphs"), [([], []), (["", " "], []), (["a", "b"], ["a\nb"]), (["", "a", "", "\t", "b"], ["a", "b"])]
)
def test_paragraphs(lines, paragraphs):
    assert list(group(lines, "paragraph")) == paragraphs


@pytest.mark.slow
def test_shakespeare_is_cut_where_karpathy_cut_it(shared_data, tmp_path):
    """Nine tenths of the characters, 1,003,854 of them, are not test; 65 characters, the line end among them."""
    path = shared_data / "lm/tinyshakespeare.txt"
    tallies, units = run(path, tmp_path / "out", unit="document", split=POSITION)
    whole = path.read_text()
    assert "".join(units["train"] + units["validation"]) == whole[:1_003_854]
    assert "".join(units["test"]) == whole[1_003_854:]
    assert "\n" in whole
    assert sum(tally.characters for tally in tallies.values()) == 1_115_394 + 3  # three units now, each with an end
    assert len(set().union(*(tally.seen for tally in tallies.values()))) == 65


@pytest.mark.slow
def test_names_come_one_a_line(shared_data, tmp_path):
    """All 32,033 names, each in one split, in the file's order."""
    tallies, units = run(shared_data / "lm/names.txt", tmp_path / "out", split=HASH)
    names = (shared_data / "lm/names.txt").read_text().split("\n")
    assert sum(tally.units for tally in tallies.values()) == len(names) == 32_033
    for split in SPLITS:
        chosen = set(units[split])
        assert units[split] == [name for name in names if name in chosen]
    assert tallies["test"].characters == sum(len(name) + 1 for name in units["test"])


@pytest.mark.slow
def test_war_and_peace_unpacks(shared_data, tmp_path):
    """3,227,579 characters in the file with its line ends; a BOM and carriage returns are none of them."""
    tallies, units = run(shared_data / "lm/warandpeace.txt.gz", tmp_path / "out")
    assert sum(tally.units for tally in tallies.values()) == 66_055
    assert all("\r" not in line and "\ufeff" not in line for line in units["train"])


@pytest.mark.slow
def test_the_embedded_corpus(paragraphs, tmp_path, monkeypatch):
    """The default: every paragraph of it in one split."""
    monkeypatch.setattr("pipeline.text.corpus.python_docs", lambda: iter(paragraphs))
    tallies, units = run(tmp_path, tmp_path / "out", source="python-docs", unit="paragraph", split=HASH)
    assert sum(tally.characters for tally in tallies.values()) > 1_700_000
    assert sorted(text for split in SPLITS for text in units[split]) == sorted(paragraphs)


def test_given_splits(tmp_path):
    """Files go where their names say, plain or packed, one or several."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, text in {
        "train.a.csv": "x\na\nb",
        "train.b.csv": "x\nc",
        "validation.csv": "x\nd",
        "test.csv": "x\ne",
    }.items():
        (folder / name).write_text(text)
    tallies, units = run(folder, tmp_path / "out", split=GIVEN, column="x")
    assert units == {"train": ["a", "b", "c"], "validation": ["d"], "test": ["e"]}
    assert [(tally.units, tally.characters) for tally in tallies.values()] == [(3, 6), (1, 2), (1, 2)]


@pytest.mark.parametrize("names", [["train.txt", "test.txt"], ["train.txt", "validation.txt", "test.txt", "notes.txt"]])
def test_given_splits_are_three(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text("x")
    with pytest.raises(
        CorpusError, match=r"split\.method given needs a folder with train\.\*, validation\.\*, test\.\*"
    ):
        given_files(tmp_path)
    with pytest.raises(CorpusError, match="given needs a folder"):
        given_files(tmp_path / "train.txt")


@pytest.mark.parametrize("content", ["", "\n\n"])
@pytest.mark.parametrize("unit", ["line", "paragraph", "document"])
def test_an_empty_corpus_is_an_error(tmp_path, content, unit):
    """Line ends alone are no text, unless as a document."""
    (tmp_path / "a.txt").write_text(content)
    rule = "each split holds text" if content and unit == "document" else "the source holds text"
    with pytest.raises(CorpusError, match=rf"{rule} .*; (check corpus\.path|give .* more)"):
        run(tmp_path / "a.txt", tmp_path / "out", unit=unit)


def test_an_empty_split_is_an_error(tmp_path):
    """Two lines of these lengths are too few for three splits; the message counts them and names the remedy."""
    (tmp_path / "a.txt").write_text("aaaa\nb\n")
    expected = r"each split holds text \(got units: .*'validation': 0.*\); give validation more"
    with pytest.raises(CorpusError, match=expected):
        run(tmp_path / "a.txt", tmp_path / "out")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to run the stage in, with its params.yaml."""

    def make(text: str):
        from pathlib import Path

        from ruamel.yaml import YAML

        values = YAML(typ="safe").load((Path(__file__).parents[2] / "params.yaml").read_text())
        values["corpus"] |= {"source": "files", "path": "texts", "unit": "line", "split": POSITION}
        with (tmp_path / "params.yaml").open("w") as file:
            YAML().dump(values, file)
        (tmp_path / "texts").mkdir()
        (tmp_path / "texts/a.txt").write_text(text)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make


def test_the_stage(project):
    """Ten lines in, corpus.json and metrics out."""
    folder = project("".join(f"line {i}\n" for i in range(10)))
    assert corpus_stage.run(["--out", "out/corpus"]) == EXIT_OK
    about = json.loads((folder / "out/corpus/corpus.json").read_text())
    one = {"units": 1, "characters": 7}
    assert about == {
        "unit": "line",
        "splits": {"train": {"units": 8, "characters": 56}, "validation": one, "test": one},
    }
    metrics = Record.load(folder / "out/corpus").metrics
    assert metrics["train/units"] == 8
    assert metrics["distinct_characters"] == len(set("line 0123456789"))


def test_the_stage_fails_with_one_sentence(project, capsys):
    project("one line")
    assert corpus_stage.run(["--out", "out/corpus"]) == EXIT_USER_ERROR
    assert capsys.readouterr().err.startswith("params.yaml: corpus.split: each split holds text")
