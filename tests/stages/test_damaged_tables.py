"""A damaged table of the stage before is one sentence."""

import shutil
from pathlib import Path

import pytest
from bad_input import check_failed, given, parquet
from stage_calls import STAGES, flags

from pipeline.base.errors import EXIT_OK
from stages.tokenization import tokenization


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])])
@pytest.mark.parametrize(
    ("stage_name", "part"),
    [
        ("tokenization", "corpus/train.parquet"),
        ("vocabulary", "tokenization/test.parquet"),
        ("baseline", "corpus/test.parquet"),
    ],
)
def test_a_damaged_table_of_a_stage_before_is_one_sentence(project, capfd, stage_name, part, spoil):
    project(given(b"abc", b"a\na", b"b"))
    for each in STAGES[:3]:
        assert each.run(flags(each.name, "char", "gru")) == EXIT_OK
    shutil.rmtree(f"out/{stage_name}", ignore_errors=True)
    spoil(Path("out", part))
    capfd.readouterr()
    code = {each.name: each for each in STAGES}[stage_name].run(flags(stage_name, "char", "gru"))
    check_failed(code, capfd.readouterr().err, f"out/{part}: the file is needed, whole", Path("out", stage_name))


@pytest.mark.parametrize("columns", [{"n": ["a"]}, {"text": [1]}, {"text": ["a"], "n": [1]}])
def test_a_table_of_another_schema_is_one_sentence(project, capfd, columns):
    folder = project({})
    (folder / "out/corpus").mkdir(parents=True)
    (folder / "out/corpus/train.parquet").write_bytes(parquet(columns))
    code = tokenization.run(flags("tokenization", "char", "gru"))
    sentence = "out/corpus/train.parquet: the file is needed, whole, as its stage wrote it .got ArrowInvalid: the col"
    check_failed(code, capfd.readouterr().err, sentence, Path("out/tokenization"))
