"""The key of a stage's work: the same within the running stage, in dvc.lock, and on every machine."""

import hashlib
import shutil
from pathlib import Path
from threading import Timer

import pytest

from pipeline.base.errors import TrackingError
from pipeline.params import read_yaml
from pipeline.tracking.graph import repository, selected_stages
from pipeline.tracking.work import Work, current_work, locked_stages, running_work

from .conftest import LOCKS, TRAIN, copy_of, make_project, run_in

ENTRY = {
    "cmd": "python -m stages.train",
    "deps": [
        {"path": "stages/train.py", "hash": "md5", "md5": "b" * 32, "size": 7},
        {"path": "out/corpus", "hash": "md5", "md5": "a" * 32 + ".dir", "size": 5, "nfiles": 3},
    ],
    "params": {"params.yaml": {"models.gru": {"learning_rate": 1e-05, "embedding_size": None}}},
    "outs": [{"path": "out/train", "md5": "c" * 32}],
}


def test_the_key_is_the_hash_of_command_deps_and_params_alone() -> None:
    canonical = (
        '{"cmd":"python -m stages.train","deps":[{"md5":"' + "a" * 32 + '.dir","path":"out/corpus"},{"md5":"' + "b" * 32
    ) + (
        '","path":"stages/train.py"}],"params":{"params.yaml":{"models.gru":'
        '{"embedding_size":null,"learning_rate":1e-05}}}}'
    )
    assert Work.from_lock("train@char-gru-1", ENTRY).key == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    ("part", "value"),
    [("cmd", "python -m stages.other"), ("deps", ENTRY["deps"][:1]), ("params", {"params.yaml": {"seeds": [1]}})],
)
def test_the_key_depends_on_every_part(part: str, value: object) -> None:
    assert Work.from_lock("train", {**ENTRY, part: value}).key != Work.from_lock("train", ENTRY).key


def test_data_is_what_is_not_code() -> None:
    assert Work.from_lock("train", ENTRY).data == {"out/corpus": "a" * 32 + ".dir"}


def test_outside_dvc_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"DVC must read the pipeline \(got you are not inside of a DVC repository"):
        with repository(tmp_path):
            pass


@pytest.mark.slow
def test_two_pipeline_files_with_a_stage_of_one_name_are_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    second = project / "tasks/dvc.yaml"
    second.write_text(second.read_text() + "  corpus: {cmd: touch x, outs: [x]}\n")
    with pytest.raises(
        TrackingError, match=r"stage corpus: .*\(got \S*dvc.yaml and \S*tasks/dvc.yaml\); rename"
    ) as caught:
        with repository(project) as repo:
            selected_stages(repo)
    assert "\n" not in str(caught.value)


WRITES_ITS_KEY = """\
import sys
from pathlib import Path

from pipeline.tracking.graph import repository
from pipeline.tracking.work import running_work

with repository(Path(".")) as repo:
    work = running_work(repo)
out = Path(sys.argv[-1])
(out / "record").mkdir(parents=True, exist_ok=True)
(out / "record" / "key").write_text(work.key)
"""


def _keys(project: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Stage -> key as the stage wrote it, and as dvc.lock gives it."""
    with repository(project) as repo:
        stages = locked_stages(repo)
        written = {}
        for stage in stages:
            with stage.open_out() as out:
                if out is not None:
                    written[stage.work.stage] = (out / "record" / "key").read_text()
    return written, {stage.work.stage: stage.work.key for stage in stages}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose stages wrote their keys."""
    root = make_project(tmp_path_factory.mktemp("keyed") / "project")
    (root / "stages" / "tiny.py").write_text(WRITES_ITS_KEY)
    run_in(root, "dvc", "repro", "-q")
    return root


@pytest.mark.slow
def test_the_running_stage_has_the_key_that_dvc_lock_has_later(keyed: Path, tmp_path: Path) -> None:
    project = copy_of(keyed, tmp_path)
    first = _keys(project)
    assert first[0] == first[1]
    assert sorted(first[0]) == ["corpus", "report", "train@gru-1", "train@gru-2"]

    params = project / "params.yaml"  # now dvc.lock holds values that the running stage must not believe
    params.write_text(params.read_text().replace("hidden_size: 3", "hidden_size: 5"))
    run_in(project / "tasks", "dvc", "repro", "-q", "../dvc.yaml")
    second = _keys(project)
    assert second[0] == second[1]
    assert second[0]["corpus"] == first[0]["corpus"]
    assert second[0]["train@gru-1"] != first[0]["train@gru-1"]


@pytest.mark.slow
def test_a_stage_that_starts_while_dvc_writes_its_lock_waits_for_the_whole_of_it(
    keyed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_of(keyed, tmp_path)
    written, _ = _keys(project)
    monkeypatch.chdir(project)
    monkeypatch.setenv("DVC_STAGE", TRAIN)
    others, lock = map(Path, LOCKS)
    others.write_text("")  # so begins a write; a stage reads the lock of its own file alone
    whole = lock.read_text()
    lock.write_text("")
    with pytest.raises(TrackingError), repository(project) as repo:
        running_work(repo)
    writer = Timer(1, lock.write_text, [whole])
    writer.start()
    assert current_work().key == written["train@gru-1"]
    writer.join()


@pytest.mark.slow
def test_outs_that_are_not_those_of_dvc_lock_are_not_found(keyed: Path, tmp_path: Path) -> None:
    project = copy_of(keyed, tmp_path)
    (project / "out" / "train" / "gru-1" / "record" / "key").write_text("another")
    assert len(_keys(project)[0]) == 4  # out of DVC's cache
    shutil.rmtree(project / ".dvc" / "cache")
    (project / "out" / "train" / "gru-2" / "record" / "key").unlink()
    written, locked = _keys(project)
    assert sorted(written) == ["corpus", "report"]
    assert len(locked) == 4


@pytest.mark.slow
def test_what_dvc_yaml_no_longer_selects_is_left_out(keyed: Path, tmp_path: Path) -> None:
    project = copy_of(keyed, tmp_path)
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("seeds: [1, 2]", "seeds: [2]"))
    assert "train@gru-1" in read_yaml(project / "tasks/dvc.lock")["stages"]
    assert sorted(_keys(project)[1]) == ["corpus", "report", "train@gru-2"]


@pytest.mark.slow
def test_what_a_lock_still_holds_of_a_stage_that_moved_to_another_file_is_left_out(keyed: Path, tmp_path: Path) -> None:
    project = copy_of(keyed, tmp_path)
    expected = _keys(project)
    lock = project / "dvc.lock"
    lock.write_text(f"{lock.read_text()}  train@gru-1:\n    cmd: python before it moved\n")
    assert _keys(project) == expected
