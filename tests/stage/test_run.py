"""@stage: command line, checks, record, exit codes, and no half-written out."""

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.base.artifacts import LogRows, Record, Result, Row
from pipeline.base.errors import PipelineError
from pipeline.base.launch import Launch
from pipeline.base.params import Level
from pipeline.networks.params import Model
from pipeline.params import load_params
from pipeline.stage import Input, Output, Stage, stage
from pipeline.stage.locks import try_lock
from pipeline.tasks.params import TaskParams
from pipeline.tokens.params import VocabularyParams

SHIPPED = Path(__file__).parents[2] / "params.yaml"
SHIPPED_PARAMS = load_params(SHIPPED)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    """A folder with the shipped params and one input, outside DVC."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(SHIPPED.read_text())
    (tmp_path / "environment.yaml").write_text(SHIPPED.with_name("environment.yaml").read_text())
    (tmp_path / "text").write_text("abc")
    return tmp_path


def make(body) -> Stage:
    @stage
    def short(
        vocabulary: VocabularyParams, model: Model, *, level: Level, seed: int, text: Input, out: Output
    ) -> Result:
        """A stage."""
        return body(vocabulary=vocabulary, model=model, level=level, seed=seed, text=text, out=out)

    return short


FLAGS = ["--level", "word", "--model", "gru", "--seed", "3", "--text", "text", "--out", "out/short/word-gru-3"]
OUT = Path("out/short/word-gru-3")


def write(**arguments) -> Result:
    (arguments["out"] / "answer.txt").write_text(arguments["text"].read_text())
    return Result({"answer": 42.0}, [Row(1, {"a": 2.0})], ["answer.txt"])


def test_a_stage_gets_its_sections_item_and_paths_and_leaves_a_record():
    got = {}

    def body(**arguments):
        got.update(arguments)
        return write(**arguments)

    assert make(body).run(FLAGS) == 0
    assert got["vocabulary"] == SHIPPED_PARAMS.vocabulary.word
    assert got["model"].cell == "gru"
    assert (got["level"], got["seed"]) == ("word", 3)
    assert (OUT / "answer.txt").read_text() == "abc"
    record = Record.load(OUT)
    assert record.tags == {"stage": "short", "level": "word", "model": "gru", "seed": "3", "cell": "gru"}
    assert record.params["vocabulary.max_size"] == SHIPPED_PARAMS.vocabulary.word.max_size
    assert record.params["model.hidden_size"] == got["model"].hidden_size
    assert record.metrics == {"answer": 42.0}
    assert record.history == [Row(1, {"a": 2.0})]


def test_a_task_is_an_argument_and_a_tag_and_names_its_entry():
    got = {}

    @stage
    def learned(tasks: TaskParams, *, task: str, seed: int, out: Output) -> Result:
        """A stage of tasks."""
        got.update(tasks=tasks, task=task)
        return Result({})

    out = Path("out/learned/reber-gru-3")
    assert learned.run(["--task", "reber", "--model", "gru", "--seed", "3", "--out", str(out)]) == 0
    assert got == {"tasks": SHIPPED_PARAMS.tasks.reber, "task": "reber"}
    record = Record.load(out)
    assert record.tags == {"stage": "learned", "task": "reber", "model": "gru", "seed": "3", "cell": "gru"}
    assert record.params["tasks.batch_size"] == SHIPPED_PARAMS.tasks.reber.batch_size


def test_a_stage_that_fails_leaves_the_old_out_and_no_scraps(capfd):
    make(write).run(FLAGS)

    def fail(**arguments):
        (arguments["out"] / "answer.txt").write_text("half")
        raise PipelineError("text", "is long enough", 3, "give more")

    assert make(fail).run(FLAGS) == 2
    assert capfd.readouterr().err.endswith("text: is long enough (got 3); give more\n")
    assert (OUT / "answer.txt").read_text() == "abc"
    assert not list(Path(".work/partial").iterdir())


def test_a_stage_that_another_process_is_at_is_refused_and_leaves_no_run(monkeypatch, capfd):
    """The work at work has its run; a failed one beside it would say what is not so."""
    monkeypatch.setenv("DVC_ROOT", str(Path.cwd()))
    monkeypatch.setattr("pipeline.tracking.record_failure", lambda stage, message: pytest.fail("a FAILED run"))
    with try_lock(Path(".work/locks") / "-".join(OUT.parts[-3:])):
        assert make(write).run(FLAGS) == 2
    assert ": one process at a time (got pid unknown at work on it); wait for it" in capfd.readouterr().err
    assert not OUT.exists()


def test_what_a_former_run_left_in_the_out_is_gone():
    (OUT / "record").mkdir(parents=True)
    (OUT / "old.txt").write_text("old")
    assert make(write).run(FLAGS) == 0
    assert not (OUT / "old.txt").exists()
    assert list(Path(".work/partial").iterdir()) == []


def test_a_former_run_stays_until_the_new_result_is_in_its_place(monkeypatch):
    """A disk that cannot be written between the two leaves the one or the other."""
    (OUT / "record").mkdir(parents=True)
    (OUT / "old.txt").write_text("old")
    replace = os.replace

    def broken(source: Path, target: Path) -> None:
        if target == OUT:
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", broken)
    assert make(write).run(FLAGS) == 1
    assert [path.read_text() for path in Path(".").rglob("old.txt")] == ["old"]


@pytest.mark.parametrize(
    ("given", "got"), [("data", "a folder of other files"), ("data/my_book.txt", "a file"), ("text", "a file")]
)
def test_an_out_that_no_stage_wrote_is_not_deleted(capfd, given, got):
    Path("data").mkdir()
    Path("data/my_book.txt").write_text("mine")
    assert make(write).run([*FLAGS[:-1], given]) == 2
    rule = f"--out {given}: a new folder, or one that a stage wrote (got {got}); name another, or move what is there\n"
    assert capfd.readouterr().err == rule
    assert Path("data/my_book.txt").read_text() == "mine"


def test_the_item_is_filled_into_the_paths():
    """dvc.yaml writes {level} and not ${item.level}: DVC would put what params.yaml says into a shell's command."""
    assert make(write).run([*FLAGS[:-1], "out/short/{level}-{model}-{seed}"]) == 0
    assert (OUT / "answer.txt").read_text() == "abc"


@pytest.mark.parametrize("model", ["../x", "a b", "{seed}"])
def test_a_model_that_params_lack_is_filled_into_no_path(capfd, model):
    flags = [*FLAGS[:3], model, *FLAGS[4:-1], "out/short/{model}"]
    assert make(write).run(flags) == 2
    assert f"--model: an entry of models in params.yaml (got {model})" in capfd.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(("error", "code"), [(ValueError("oops"), 1), (KeyboardInterrupt(), 130)])
def test_bugs_and_interruptions_have_their_exit_codes(error, code, capfd):
    def fail(**arguments):
        raise error

    assert make(fail).run(FLAGS) == code
    shown = capfd.readouterr().err
    assert ("Traceback" in shown) == (code == 1)
    assert not OUT.exists()


def test_a_missing_input_is_named_with_the_command_that_makes_it(capfd):
    Path("text").unlink()
    assert make(write).run(FLAGS) == 2
    assert (
        "stages.short --text: the input must exist (got nothing at text); make it with `dvc repro`"
        in capfd.readouterr().err
    )


def test_an_unknown_model_is_a_users_error(capfd):
    assert make(write).run([f if f != "gru" else "grue" for f in FLAGS]) == 2
    assert "an entry of models in params.yaml (got grue)" in capfd.readouterr().err


def test_params_are_checked_as_a_whole_before_anything_is_written(project, capfd):
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("max_lag: 100", "max_lag: -1") + "\nfoo: 1\n")
    assert make(write).run(FLAGS) == 2
    shown = capfd.readouterr().err
    assert "params.yaml: gradients.max_lag" in shown
    assert "params.yaml: foo: no such key" in shown
    assert not Path("out").exists()


def test_outside_dvc_live_rows_are_in_the_record_alone():
    @stage
    def training(*, out: Output, live: LogRows) -> Result:
        """A stage that shows its history."""
        rows = [Row(1, {"loss": 2.0})]
        live(rows)
        return Result({"loss": 2.0}, rows)

    assert training.run(["--out", "out/training"]) == 0
    assert json.loads(Path("out/training/record/history.jsonl").read_text()) == {"step": 1, "metrics": {"loss": 2.0}}


def test_the_summary_shows_the_metrics(capfd):
    make(write).run(FLAGS)
    assert "  answer  42\n" in capfd.readouterr().err


def test_a_task_that_does_not_exist_is_a_users_error(capfd):
    from stages.examples import examples

    assert examples.run("--task arithmetic --out out/examples/arithmetic".split()) == 2
    assert "tasks: has an entry for the task (got arithmetic); choose of ['adding'" in capfd.readouterr().err


@pytest.mark.parametrize(("flag", "word"), [("--level", "letter"), ("--seed", "one")])
def test_an_item_that_does_not_exist_is_a_usage_error(flag, word, capsys):
    from stages.gradients import gradients

    with pytest.raises(SystemExit) as ended:
        gradients.run([flag, word])
    assert ended.value.code == 2
    assert re.search(f"argument {flag}: invalid .*: '{word}'", capsys.readouterr().err)


def test_a_helper_does_its_part_and_writes_nothing(project, monkeypatch, tmp_path_factory):
    """Rank 1 of 2: the function runs, and neither out nor record comes of it."""
    monkeypatch.setattr("pipeline.base.launch._launch", Launch(1, 2, tmp_path_factory.mktemp("launch")))
    done = []
    assert make(lambda **arguments: done.append(arguments["out"]) or write(**arguments)).run(FLAGS) == 0
    assert done
    assert not OUT.exists()
    assert not (project / ".work").exists()


@pytest.mark.parametrize("rank", ["1", "", "x"])
def test_a_rank_of_another_launcher_does_the_whole_work(rank, monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"):
        monkeypatch.setenv(name, rank)
    assert make(write).run(FLAGS) == 0
    assert (OUT / "answer.txt").exists()


def test_the_collector_is_spared_before_anything_is_imported():
    source = "import stages, gc, sys; print(gc.get_threshold()[0], 'pipeline' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", source], cwd=SHIPPED.parent, capture_output=True, text=True)
    assert done.stdout == "50000 False\n", done.stderr
