"""The small project of the checks: real stages, real models, a real text, and every one of them done in seconds."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.params import read_yaml

if TYPE_CHECKING:
    from dvc.stage import PipelineStage

ROOT = Path(__file__).parents[1]
PARTS = (
    "pipeline",
    "stages",
    "data",
    "tasks",
    "out/examples/.gitkeep",
    "out/task/.gitkeep",
    "dvc.yaml",
    "params.yaml",
    "environment.yaml",
    ".dvcignore",
    ".gitignore",
    "pyproject.toml",
)
TEXT = "text"
"""The folder of the small project's text: a file for each of some topics of Python's language reference."""
NUM_TOPICS = 12
EXAMPLES = "data"
"""The folder of the small project's own files for tasks: opinions, entities and tunes."""
SPLIT = {"method": "hash", "validation": 0.2, "test": 0.2, "seed": 1}
DRAWN = {"budget_tokens": 1000, "test_sequences": 8}
TASKS: dict[str, dict[str, Any]] = {
    "agreement": {**DRAWN, "lengths": [0, 2], "unseen_lengths": [4], "max_attractors": 1},
    "copying": {**DRAWN, "lengths": [0, 2], "unseen_lengths": [4]},
    "adding": {**DRAWN, "lengths": [3, 4], "unseen_lengths": [6]},
    "reber": DRAWN,
    "sentiment": {"path": f"{EXAMPLES}/opinions", "split": SPLIT},
    "entities": {"path": f"{EXAMPLES}/entities.conll", "split": SPLIT, "character_size": 4},
    "bigram": {"train_pairs": 300, "test_pairs": 100},
    "sequential_digits": {"batch_size": 64, "num_validations": 1},
    "dna": {"sequences": 20, "window": 64, "context": 16},
    "music": {"path": f"{EXAMPLES}/tunes.abc", "samples": 1, "split": SPLIT},
    "speech": {"clips": {"train": 100, "validation": 4, "test": 6}, "beam_size": 2},
    "translation": {"pairs": 60, "beam_size": 2},
    "translation_attention": {"pairs": 60, "beam_size": 2},
    "video": {"clips": 24},
}
"""Small values of tasks; a task that is not here is small already, or learned from a small file."""
ALIEN = ("DVC_", "MLFLOW_", "GIT_", "PYTEST", "PYTHON")
"""Environment of who runs the check that would reach into it."""
AUTHOR = "-c user.name=Test -c user.email=test@localhost"


def make_small_project(folder: Path) -> None:
    """Lay this working tree into a folder that is not there yet, as a Git and DVC project with small values."""
    make_project(folder, small)
    write_text(folder)


def make_project(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Lay this working tree into a folder that is not there yet, as a Git and DVC project with values changed."""
    folder.mkdir(parents=True)
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        ignore = shutil.ignore_patterns("__pycache__", "dvc.lock")
        shutil.copytree(source, target, ignore=ignore) if source.is_dir() else shutil.copy(source, target)
    change_params(folder, change)
    checked(run("git init -q", folder))
    checked(run("dvc init -q", folder, {"DVC_NO_ANALYTICS": "1"}))
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    checked(run("git add .", folder))
    checked(run(f"git {AUTHOR} commit -qm Start", folder))


def checked(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """A command that has ended well; another ends the check, with what it said."""
    if done.returncode:
        sys.exit(f"{done.args} ended with {done.returncode}:\n{done.stdout}{done.stderr or ''}")
    return done


def stages_of(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The selected stages in the order of `dvc repro`: name, and what stands after `python` in the command."""
    for stage in _dvc_stages(folder):
        python, *arguments = shlex.split(str(stage.cmd))
        assert python == "python"
        yield str(stage.name), arguments


def address(stage: str) -> str:
    """What DVC calls a stage, by its path too where its pipeline file is not at the root.

    >>> address("train@char-gru-1")
    'train@char-gru-1'
    """
    for file in ROOT.glob("*/dvc.yaml"):
        if stage.partition("@")[0] in read_yaml(file)["stages"]:
            return f"{file.relative_to(ROOT)}:{stage}"
    return stage


def locks(folder: Path) -> list[Path]:
    """Every dvc.lock of a project, the root's first, by its path in the project."""
    found = [*folder.glob("dvc.lock"), *sorted(folder.glob("*/dvc.lock"))]
    return [path.relative_to(folder) for path in found]


def lock_entries(folder: Path) -> dict[str, Any]:
    """The entry of each stage that has run in a project, by name."""
    return {name: entry for lock in locks(folder) for name, entry in read_yaml(folder / lock)["stages"].items()}


def outs_of(folder: Path) -> list[Path]:
    """What the selected stages write, in the order of `dvc repro`."""
    return [Path(out.fs_path) for stage in _dvc_stages(folder) for out in stage.outs]


def _dvc_stages(folder: Path) -> "list[PipelineStage]":
    """Those of all pipeline files."""
    from dvc.repo import Repo
    from dvc.repo.reproduce import plan_repro
    from dvc.stage import PipelineStage

    with Repo(str(folder), config={"core": {"no_scm": True}}) as repo:
        return [stage for stage in plan_repro(repo.index.graph) if isinstance(stage, PipelineStage)]


def run(
    command: str, folder: Path, env: Mapping[str, str] | None = None, umask: int = -1
) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python's environment in a project; what it says is in the result."""
    given = {**environment(), **(env or {})}
    return subprocess.run(
        shlex.split(command), cwd=folder, env=given, umask=umask, capture_output=True, text=True, errors="replace"
    )


def environment() -> dict[str, str]:
    """The environment of who runs the check, without what would reach into it, and with this Python's commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ALIEN)}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def hear_interrupts() -> None:
    """Let signals be heard by who runs a check and by the stages it starts: a shell's background job ignores Ctrl-C,
    and what `nohup` starts ignores the end of its terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def change_params(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change values of a project's params.yaml; its comments are lost."""
    from ruamel.yaml import YAML

    params = read_yaml(folder / "params.yaml")
    change(params)
    YAML(typ="safe").dump(params, folder / "params.yaml")


def small(params: dict[str, Any]) -> None:
    """Every level, model and task that is selected, and seconds for each."""
    params["corpus"] |= {"source": "files", "path": TEXT, "unit": "line"}
    params["corpus"]["split"] = SPLIT
    params["runtime"] |= {"threads": 1, "accelerator": "cpu"}
    params["gradients"] = {"max_lag": 5, "positions": 8}
    for task in params["run"]["tasks"]:
        params["tasks"][task] |= {"batch_size": 4, "epochs": 1, **TASKS.get(task, {})}
    for name in params["run"]["models"]:
        params["models"][name] |= {"hidden_size": 8, "embedding_size": 4}
    for level in params["run"]["levels"]:
        params["training"][level] |= {"budget_tokens": 2000, "batch_size": 4, "bptt_steps": 8, "log_every_steps": 5}
        params["batching"][level] = {"mode": "stream", "segment_tokens": 64}
        params["sampling"][level] |= {"num_samples": 3, "max_tokens": 20}
        params["baseline"][level] = {"max_order": 3}


def write_text(folder: Path) -> None:
    """Write the small project's text, and its files for tasks."""
    from pydoc_data.topics import topics

    (folder / TEXT).mkdir()
    for name, text in sorted(topics.items())[:NUM_TOPICS]:
        (folder / TEXT / f"{name}.txt").write_text(text, encoding="utf-8")
    _write_opinions(folder / EXAMPLES / "opinions")
    _write_entities(folder / EXAMPLES / "entities.conll")
    _write_tunes(folder / EXAMPLES / "tunes.abc")


def _write_opinions(folder: Path) -> None:
    """One file a class, a text a line."""
    folder.mkdir(parents=True)
    subjects = "book film song meal trip play game walk".split()
    for opinion, words in {"good": "fine great lovely superb", "bad": "dull poor awful tedious"}.items():
        lines = [f"the {subject} was {word}\n" for subject in subjects for word in words.split()]
        (folder / f"{opinion}.txt").write_text("".join(lines), encoding="utf-8")


def _write_entities(path: Path) -> None:
    """Who likes which place, a word a line with its tag."""
    names, places = "Ann Ben Cem Dora Emil Fay".split(), "Oslo Lima Kyoto Accra Quito Turin".split()
    tags = ("B-person", "O", "B-place", "O")
    sentences = [zip((name, "likes", place, "."), tags, strict=True) for name in names for place in places]
    lines = ["".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences]
    path.write_text("\n".join(lines), encoding="utf-8")


def _write_tunes(path: Path) -> None:
    """Runs of three notes, up in one kind and down in the other, in ABC notation."""
    starts = "CDEFGAB"
    tunes = [
        f"X:{i}\nT:{kind} on {starts[i % 7]} number {i}\nR:{kind}\nM:3/4\nL:1/4\nK:C\n"
        + "|".join(_run(starts, i + bar * (1 + i % 3), 1 if kind == "climb" else -1) for bar in range(4))
        + "|\n"
        for i in range(12)
        for kind in ("climb", "fall")
    ]
    path.write_text("\n".join(tunes), encoding="utf-8")


def _run(notes: str, start: int, step: int) -> str:
    return "".join(notes[(start + step * i) % len(notes)] for i in range(3))
