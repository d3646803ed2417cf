import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from benchmarks import sampling as sampling_benchmark
from benchmarks.checkpoints import timed
from benchmarks.imports import imports, seconds_of_imports
from benchmarks.lags import lags, once
from benchmarks.locks import make_trivial_project
from benchmarks.logging import calls_of, seconds_of_logging
from benchmarks.page import Section, Target, page
from benchmarks.process import Taken, measured
from benchmarks.repro import Run, StageTimes
from benchmarks.repro import page as stages_page
from benchmarks.sampling import drawing, endless, stepping
from benchmarks.shell import write_shell
from benchmarks.text import text_stages, write_text
from benchmarks.timing import in_turns
from benchmarks.training import VOCABULARY, Task, take_turns
from pipeline.base.artifacts import Row
from pipeline.base.params import RuntimeParams
from pipeline.networks.build import build_language_model
from pipeline.params import Params, load_params
from pipeline.stage.resume import ResumePlace
from pipeline.tokens.params import StreamBatching
from pipeline.training.fit import fit
from pipeline.training.params import TrainingParams
from reliability.project import checked, lock_entries, locks, make_project, run, stages_of

ROOT = Path(__file__).parents[1]
STREAM = StreamBatching(mode="stream", segment_tokens=40)
TRAINING = TrainingParams(
    processes=1,
    batch_size=3,
    bptt_steps=5,
    budget_tokens=300,
    weight_decay=0.1,
    num_validations=1,
    log_every_steps=4,
)
RUNTIME = RuntimeParams(threads=1, accelerator="cpu", precision="float32")


@pytest.fixture
def params() -> Params:
    return load_params(ROOT / "params.yaml")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_both_sides_of_the_training_do_the_same_work(model, cell):
    task = Task(model(cell), STREAM, TRAINING, RUNTIME)
    networks = task.network(), task.network()
    seconds = take_turns(task, *networks)
    assert len(seconds) == 300 // (3 * 5) // 4
    start, (one, other) = task.network().state_dict(), (network.state_dict() for network in networks)
    assert any(not torch.allclose(one[name], start[name]) for name in start)
    for name in start:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6)


def test_only_the_saving_of_states_runs_on_its_clock(model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    saved: list[int] = []
    monkeypatch.setattr(ResumePlace, "save", lambda resume, step, state: saved.append(step) or time.sleep(0.01))
    task = Task(model("rnn"), STREAM, TRAINING, RUNTIME)
    whole, saving = timed(task, every_seconds=0.0)
    assert 20 * 0.01 <= saving < whole
    timed(task, every_seconds=1e9)
    assert saved == [*range(1, 21), 20]


def test_the_turns_alternate_and_the_first_is_not_counted():
    calls, numbers = [], iter(range(100))

    def called(name: str) -> float:
        calls.append(name)
        return next(numbers)

    pairs = in_turns(lambda: called("A"), lambda: called("B"), rounds=3)
    assert "".join(calls) == "AB" + "AB" + "BA" + "AB"
    assert pairs == [(2, 3), (5, 4), (6, 7)]


def test_the_page_says_what_was_promised_and_whether_it_held():
    targets = [Target("cost", "ms", 0.5, 0.51), Target("ratio", "", 0.95, 0.95, at_least=True)]
    written = page([Section("Cells", "How.", ["cell", "ms"], [["gru", "0.51"]], targets)], threads=2)
    assert "| cost | at most 0.5 ms | 0.51 ms | missed |\n| ratio | at least 0.95 | 0.95 | held |\n" in written
    assert "## Cells\n\nHow.\n\n| cell | ms |\n|---|--:|\n| gru | 0.51 |\n" in written
    assert f"torch {torch.__version__}" in written


@pytest.mark.slow
def test_the_peak_of_a_process_is_its_own(tmp_path):
    """This process holds torch: hundreds of megabytes that a child started straight from it would be charged."""
    ballast = b"x" * 300_000_000
    small, large = (measured(["-c", f"b'x' * {size}_000_000"], tmp_path, {}).peak_bytes for size in (1, 200))
    assert small < 50_000_000 < 200_000_000 < large < 250_000_000 < len(ballast)


def test_a_process_that_fails_says_why(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)ended with 1:.*ZeroDivisionError"):
        measured(["-c", "1 / 0"], tmp_path, {})


def test_imports_inside_functions_count_and_none_counts_twice(tmp_path):
    """The sum of all modules' own times is that of the outermost imports with all below them."""
    code = "import decimal\ndef late():\n    import json.tool\nlate()"
    said = measured(["-X", "importtime", "-c", code], tmp_path, {}).said
    lines = re.findall(r"import time: +\d+ \| +(\d+) \| (\w.*)", said)
    outermost = {name: int(microseconds) for microseconds, name in lines}
    assert {"decimal", "json.tool"} <= set(outermost)
    assert seconds_of_imports(said) == pytest.approx(sum(outermost.values()) / 1e6, rel=0.01)


def test_a_larger_text_goes_on_where_the_smaller_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.text._paragraphs", lambda: [f"paragraph {n} " * 20 for n in range(150)])
    paths = [tmp_path / "small.txt", tmp_path / "large.txt"]
    for path, size in zip(paths, (20_000, 60_000), strict=True):
        write_text(path, size)
        assert size <= path.stat().st_size < size + 10_000
    small, large = (path.read_text() for path in paths)
    assert large.startswith(small)
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", large, re.MULTILINE)]
    assert [number for number in numbers if number % 4 == 0][:50] == list(range(4, 204, 4))


@pytest.mark.slow
def test_the_project_runs_what_dvc_yaml_says(tmp_path):
    folder = tmp_path / "project"
    make_project(
        folder, lambda params: params["run"].update(levels=["word"], models=["rnn"], tasks=["agreement"], seeds=[3])
    )
    stages = dict(stages_of(folder))
    names = ["corpus", "tokenization@word", "vocabulary@word", "baseline@word"]
    assert list(stages)[:5] == [*names, "train@word-rnn-3"]
    assert "task@agreement-rnn-3" in stages  # of another pipeline file
    assert list(stages)[-1] == "report"
    assert stages["tokenization@word"][:4] == ["-m", "stages.tokenization", "--level", "word"]


@pytest.mark.slow
def test_the_locks_of_one_file_and_of_two_hold_the_same_stages(tmp_path):
    held = []
    for two_files in (False, True):
        folder = tmp_path / str(two_files)
        folder.mkdir()
        make_trivial_project(folder, stages=2, of_tasks=1, two_files=two_files)
        checked(run("dvc repro -q", folder))
        assert len(locks(folder)) == 1 + two_files
        held.append(lock_entries(folder))
    assert held[0] == held[1]
    assert list(held[0]) == ["stage0", "stage1", "stage2", "last"]


def test_sampling_draws_every_character_it_counts(model, monkeypatch):
    ticks = iter([0.0, 2.0, 10.0, 12.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    network = endless(build_language_model(model("gru"), VOCABULARY, seed=1))
    assert drawing(network, steps=30) == stepping(network, steps=30) == sampling_benchmark.NUM_SAMPLES * 30 / 2


def test_the_logged_rows_are_those_of_a_training(params, model, monkeypatch):
    calls: list[Sequence[Row]] = []

    def fit_and_watch(*args, live, **rest):
        fit(*args, live=lambda rows: calls.append(rows) or live(rows), **rest)

    monkeypatch.setattr("benchmarks.training.fit", fit_and_watch)
    task = Task(model("rnn"), STREAM, TRAINING, RUNTIME)
    take_turns(task, task.network(), task.network())
    logged = calls_of(params, rows=7)
    assert [call[0].step for call in logged] == list(range(1, 8))
    assert [set(row.metrics) for row in logged[0]] == [set(row.metrics) for row in calls[0]]


@pytest.mark.slow
def test_the_live_run_takes_every_row(params):
    assert seconds_of_logging(calls_of(params, rows=80), pause=0.0) > 0


@pytest.mark.slow
def test_a_store_that_takes_no_rows_is_no_fast_one(params, monkeypatch):
    monkeypatch.setattr("pipeline.tracking.runs.Run.log", lambda self, points: None)
    with pytest.raises(AssertionError, match="takes every point"):
        seconds_of_logging(calls_of(params, rows=3), pause=0.0)


@pytest.fixture
def known(monkeypatch):
    """Text stages of known cost: a second and 2 ms a kB, or 4 ms from 2 kB on; 100 MB; ever more in other rounds."""
    calls = itertools.count()

    def taken(arguments, cwd, env):
        size = (cwd / "data/text.txt").stat().st_size / 1000
        late = max(0, next(calls) - 8)  # three stages at three sizes are a round
        cpu_seconds = 1 + 0.002 * size + 0.002 * max(size - 2, 0) + late
        return Taken(seconds=9.0 + late, cpu_seconds=cpu_seconds, peak_bytes=(100 + late) * 10**6, said="")

    monkeypatch.setattr("benchmarks.text._paragraphs", lambda: ["x" * 7 + "\n"])
    monkeypatch.setattr("benchmarks.text.NUMBERED", 10**9)
    monkeypatch.setattr("benchmarks.text.measured", taken)


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_the_text_stages_are_measured_at_every_size():
    section = text_stages(["char"], sizes=(0.001, 0.002, 0.004))
    assert section.rows == [
        [stage, "9.0", "2.000", "4.000", "100"] for stage in ("corpus", "tokenization@char", "vocabulary@char")
    ]
    assert [target.measured for target in section.targets] == pytest.approx([100, 2])


@pytest.mark.slow
def test_the_imports_of_each_stage_are_measured(monkeypatch):
    """Of the first: `make bench` runs them all."""
    monkeypatch.setattr("benchmarks.imports.stages_of", lambda folder: list(stages_of(folder))[:1])
    rows = {row[0]: row[1:] for row in imports().rows}
    assert list(rows) == ["corpus"]
    assert all(0 < float(taken) <= float(whole) for whole, taken, _ in rows.values())


def test_the_gradients_are_measured_at_every_lag(monkeypatch):
    """Processes of known size: 2 MB and 10 ms a lag on top of 100 MB."""

    def known(arguments, cwd, env):
        lag = int(arguments[-1])
        return Taken(seconds=9.0, cpu_seconds=3.0, peak_bytes=(100 + 2 * lag) * 10**6, said=f"{0.01 * lag}\n")

    monkeypatch.setattr("benchmarks.lags.measured", known)
    section = lags()
    assert section.rows[0] == ["50", "0.50", "98"]
    assert section.rows[-1] == ["1000", "10.00", "1998"]
    assert section.targets[0].measured == pytest.approx(1.0)


def test_the_time_of_all_lags_is_told(capsys):
    once(3)
    assert float(capsys.readouterr().err) > 0


def test_a_shell_writes_down_what_each_stage_took(tmp_path):
    """DVC calls $SHELL with `-c` and the command."""
    shell, times = tmp_path / "a shell", tmp_path / "times"
    write_shell(shell, times)
    spin = f"{sys.executable} -c 'while __import__(\"time\").process_time() < 0.3: pass'; exit 3"
    done = subprocess.run([shell, "-c", spin], env={"DVC_STAGE": "corpus"})
    assert done.returncode == 3
    taken = json.loads(times.read_text())
    assert taken["stage"] == "corpus"
    assert taken["cpu_seconds"] >= 0.3
    assert taken["seconds"] >= 0.3


def test_the_page_of_stages_says_what_is_learning_and_what_is_between_stages():
    train = StageTimes(seconds=70, cpu_seconds=80, steps_seconds=60)
    report = StageTimes(seconds=10, cpu_seconds=9, steps_seconds=0)
    run = Run(seconds=100, cpu_seconds=120, stages={"train": train, "report": report})
    faster = Run(seconds=55, cpu_seconds=120, stages={})
    alone = Run(seconds=50, cpu_seconds=48, stages={"train": train})
    lines = stages_page(run, faster, alone).splitlines()
    assert "| CPU seconds in optimiser steps over those of the whole run | at least 0.5 | 0.5 | held |" in lines
    assert "| wall time with two jobs over that with one | at most 0.62 | 0.55 | held |" in lines
    assert "| wall time of everything over the language models alone | at most 2 | 1.1 | held |" in lines
    assert "| CPU seconds of everything over the language models alone | at most 2 | 2.5 | missed |" in lines
    assert "| language models alone, two jobs | 50.0 | 48.0 | 60.0 |" in lines
    assert "| train | 70.0 | 80.0 | 60.0 |" in lines
    assert "| **DVC, between stages** | 20.0 | 31.0 |  |" in lines
    assert lines[-1] == "| **all** | 100.0 | 120.0 | 60.0 |"
