from pathlib import Path

import pytest

from pipeline.base.errors import ArtifactError
from pipeline.base.params import RunParams
from pipeline.report import selection
from stages.report import report


def tell(folders: dict[str, Path], run: RunParams, out: Path):
    out.mkdir()
    inputs = {("tasks" if name == "task" else name): path for name, path in folders.items()}
    return report.function(run, **inputs, out=out)


def files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.faults  # `make verify` compares two reports, too
def test_two_reports_of_the_same_results_have_equal_bytes(folders: dict[str, Path], run: RunParams, tmp_path: Path):
    first, second = (tell(folders, run, tmp_path / name) for name in ("first", "second"))
    assert first == second
    for name in files_of(tmp_path / "first"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.slow
def test_leftovers_go_first_and_the_rest_is_told(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(selection, "_in_cache", lambda paths: [path for path in paths if "char" in path.name])
    monkeypatch.setattr(selection, "_is_result", lambda path: True)
    result = tell(
        folders, RunParams(levels=["word"], models=["lstm"], tasks=["agreement"], seeds=[2]), tmp_path / "reports"
    )
    assert not list(folders["gradients"].glob("char-*"))
    said = capsys.readouterr().err
    assert f"removed {folders['train'] / 'char-rnn-1'}: params.yaml selects it no longer; DVC's cache keeps it" in said
    left = f"left {folders['train'] / 'word-rnn-1'}: params.yaml does not select it, but DVC's cache does not hold it; "
    assert f"{left}move it elsewhere" in said
    assert (folders["train"] / "word-rnn-1").is_dir()
    told = files_of(tmp_path / "reports")
    assert {"report.html", "report.md", "metrics.json", "scores.csv", *result.artifacts} <= told
    scored = {f"word/{name}/test/bits_per_char" for name in ("best n-gram", "lstm", "lstm/mixture", "lstm/adaptive")}
    measured = {f"{name}/{m}" for name in ("lstm", "without memory", "bigrams", "all") for m in ("accuracy", "bits")}
    assert set(result.metrics) == scored | {f"tasks/agreement/{name}" for name in measured}


def test_a_selected_item_that_is_missing_is_an_error(folders: dict[str, Path], tmp_path: Path):
    with pytest.raises(ArtifactError, match=r"train/char-gru-1/record/record.json: .*no such file"):
        tell(folders, RunParams(levels=["char"], models=["gru"], tasks=["agreement"], seeds=[1]), tmp_path / "reports")


def test_the_stage_syncs_when_it_ends():
    assert report.sync
    assert report.signature.sections == ["run"]
