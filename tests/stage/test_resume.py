"""The place of work that goes on: whole states, the last two, of this work alone."""

import json
import os
import subprocess
import sys
import textwrap

import psutil
import pytest
import torch

from pipeline.base.errors import PipelineError
from pipeline.stage.resume import ResumePlace, resumption, write_durably


def place(folder, key: str = "key") -> ResumePlace:
    return ResumePlace(folder, key, every_seconds=60.0)


def saved(folder, *steps: int) -> ResumePlace:
    resume = place(folder)
    for step in steps:
        resume.save(step, {"step": step, "weights": torch.full((2, 3), float(step)), "rows": [(1, {"nats": 0.5})]})
    return resume


def test_the_newest_state_comes_back_as_it_was(tmp_path):
    saved(tmp_path, 9, 10)
    state = place(tmp_path).load()
    assert state is not None
    assert torch.equal(state.pop("weights"), torch.full((2, 3), 10.0))
    assert state == {"step": 10, "rows": [(1, {"nats": 0.5})]}


def test_the_last_two_are_kept_and_nothing_partial(tmp_path):
    saved(tmp_path, 8, 9, 10)
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["state-00000009.pt", "state-00000010.pt"]


def test_there_is_nothing_to_go_on_from_at_first(tmp_path):
    assert place(tmp_path).load() is None


def cut(path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_bit(path) -> None:
    content = bytearray(path.read_bytes())
    content[-50] ^= 1
    path.write_bytes(content)


def empty(path) -> None:
    path.write_bytes(b"")


def of_other_work(path) -> None:
    line, _, rest = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps(json.loads(line) | {"key": "other"}).encode() + b"\n" + rest)


def without_key(path) -> None:
    path.write_bytes(b"[]\n" + path.read_bytes().partition(b"\n")[2])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, "its checksum is wrong"),
        (flip_a_bit, "its checksum is wrong"),
        (empty, "its first line is damaged"),
        (without_key, "its first line is damaged"),
        (of_other_work, "it is of other work"),
    ],
)
def test_a_damaged_or_foreign_state_is_named_and_the_older_one_used(tmp_path, capfd, damage, reason):
    saved(tmp_path, 9, 10)
    damage(tmp_path / "state-00000010.pt")
    state = place(tmp_path).load()
    assert state is not None
    assert state["step"] == 9
    assert f"state-00000010.pt: not used ({reason})" in capfd.readouterr().err


def test_a_damaged_state_is_none_of_the_two_that_are_kept(tmp_path):
    saved(tmp_path, 7, 10)
    cut(tmp_path / "state-00000010.pt")
    resume = place(tmp_path)
    resume.load()
    resume.save(8, {})
    resume.save(9, {})
    assert sorted(path.name for path in tmp_path.glob("*.pt")) == ["state-00000008.pt", "state-00000009.pt"]


def test_where_both_are_damaged_the_work_begins_anew(tmp_path, capfd):
    saved(tmp_path, 9, 10)
    for path in tmp_path.glob("*.pt"):
        cut(path)
    assert place(tmp_path).load() is None
    assert capfd.readouterr().err.count("its checksum is wrong") == 2


def test_files_are_as_the_state_knew_them(tmp_path, capfd):
    """One that came later is deleted; one that is not what it was makes the state useless."""
    resume = place(tmp_path)
    (resume.files / "a").write_text("a")
    resume.save(1, {"step": 1})
    (resume.files / "b").write_text("b")
    resume.save(2, {"step": 2})
    (resume.files / "c").write_text("half")
    assert place(tmp_path).load() == {"step": 2}
    assert sorted(path.name for path in resume.files.iterdir()) == ["a", "b"]
    (resume.files / "b").write_text("damaged")
    assert place(tmp_path).load() == {"step": 1}
    assert "files/b is not what it was" in capfd.readouterr().err
    assert [path.name for path in resume.files.iterdir()] == ["a"]


def test_a_state_that_would_run_code_does_not(tmp_path, capfd):
    """Right key and checksum, but torch's format with a pickled call in it."""

    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    place(tmp_path / "place").save(1, {"bomb": Bomb()})
    assert place(tmp_path / "place").load() is None
    assert "not used (it holds more than tensors and plain values" in capfd.readouterr().err
    assert not (tmp_path / "exploded").exists()


def test_a_write_that_fails_leaves_what_was(tmp_path):
    write_durably(tmp_path / "file", lambda file: file.write(b"whole"))

    def fail(file) -> None:
        file.write(b"ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_durably(tmp_path / "file", fail)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"whole")]


def test_a_state_is_due_when_its_time_has_come(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("pipeline.stage.resume.time.monotonic", lambda: now[0])
    resume = place(tmp_path)
    assert not resume.is_due
    now[0] += 60
    assert resume.is_due
    resume.save(1, {})
    assert not resume.is_due


def states(work) -> list[str]:
    return sorted(str(path.relative_to(work / "resume")) for path in (work / "resume").rglob("*.pt"))


@pytest.mark.parametrize(
    ("error", "left"),
    [(PipelineError("a", "b", "c", "d"), []), (KeyboardInterrupt(), ["key.0/state-00000001.pt"])],
    ids=["what cannot go well", "interrupted"],
)
def test_what_is_interrupted_stays_and_what_cannot_go_well_does_not(tmp_path, error, left):
    with pytest.raises(type(error)):  # noqa: PT012
        with resumption(tmp_path, "key", 60.0) as resume:
            resume.save(1, {"step": 1})
            raise error
    assert states(tmp_path) == left


def test_work_that_ends_well_leaves_nothing(tmp_path):
    with resumption(tmp_path, "key", 60.0) as resume:
        resume.save(1, {"step": 1})
    assert list((tmp_path / "resume").iterdir()) == []


def test_an_orphan_leaves_what_it_has_done(tmp_path, monkeypatch):
    """Who started it is gone when it ends, reaped or not."""
    starter = subprocess.Popen(["sleep", "60"])
    starters = [psutil.Process(), psutil.Process(starter.pid)]
    monkeypatch.setattr("pipeline.stage.resume._starters", lambda: starters)
    with resumption(tmp_path, "key", 60.0) as resume:
        resume.save(1, {"step": 1})
        starter.kill()
        os.waitid(os.P_PID, starter.pid, os.WEXITED | os.WNOWAIT)
    with resumption(tmp_path, "key", 60.0) as resume:
        assert resume.load() == {"step": 1}
        starter.wait()
    with resumption(tmp_path, "key", 60.0) as resume:
        assert resume.load() == {"step": 1}


HOLD = """
import sys
from pathlib import Path
from pipeline.stage.resume import resumption

with resumption(Path(sys.argv[1]), "key", 60.0) as resume:
    resume.save(int(sys.argv[2]), {"step": int(sys.argv[2])})
    print(resume.folder.name, flush=True)
    sys.stdin.read()
"""


def hold(work, step: int) -> tuple[subprocess.Popen, str]:
    """A process of its own at the same work."""
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(work), str(step)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.slow
def test_the_same_work_in_two_workspaces_has_two_places_and_the_killed_one_is_taken_over(tmp_path):
    (one, first), (two, second) = hold(tmp_path, 5), hold(tmp_path, 7)
    try:
        assert (first, second) == ("key.0", "key.1")
        two.kill()
        two.wait()
        with resumption(tmp_path, "key", 60.0) as resume:
            assert resume.folder.name == "key.1"
            assert resume.load() == {"step": 7}
    finally:
        for process in (one, two):
            process.kill()
            process.communicate()
