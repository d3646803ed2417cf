"""A model, and the task and the stage that docs/extending.md shows, run as it says, and touch what it names."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.tracking.graph import name_of
from reliability.project import ROOT, change_params, checked, make_small_project, run

PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^`([\w/.]+)`[^`]*(?:`[^`\n]+`[^`]*)*?```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def add(folder: Path) -> None:
    """Write the files of the page into a project, and its entries into params.yaml and dvc.yaml."""
    for path, text in BLOCKS.items():
        if path.endswith(".py"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    entry = YAML(typ="safe").load(BLOCKS["params.yaml"])
    change_params(folder, lambda params: params["tasks"].update(entry))
    change_params(folder, lambda params: params["run"].update(tasks=[*params["run"]["tasks"], *entry]))
    change_params(folder, second_model)
    graph = (folder / "dvc.yaml").read_text(encoding="utf-8")
    (folder / "dvc.yaml").write_text(graph.replace("\nmetrics:\n", f"\n{BLOCKS['dvc.yaml']}\nmetrics:\n"), "utf-8")


def only_rnn(params: dict) -> None:
    params["run"] = {"levels": ["char"], "models": ["rnn"], "tasks": ["agreement"], "seeds": [1]}


def second_model(params: dict) -> None:
    params["models"]["second"] = params["models"]["rnn"]
    params["run"]["models"] = ["rnn", "second"]


@pytest.mark.slow
def test_a_model_a_task_and_the_stage_of_the_page_run_and_no_other_training_runs_again(tmp_path):
    folder = tmp_path / "unroll"
    make_small_project(folder)
    change_params(folder, only_rnn)
    checked(run("dvc repro -q", folder))
    checked(run("git add .", folder))
    checked(run("git -c user.name=Test -c user.email=test@localhost commit -qm Run", folder))
    add(folder)
    changed = {line[3:] for line in run("git status --porcelain", folder).stdout.splitlines()}
    assert changed == {"params.yaml", "dvc.yaml", "pipeline/tasks/parity/", "stages/lengths.py"}
    stale = map(name_of, re.findall(r"^([\w@/.:-]+):$", checked(run("dvc status", folder)).stdout, re.MULTILINE))
    of_model = {f"{stage}@char-second-1" for stage in ("train", "gradients", "sampling")}
    of_tasks = {"examples@parity", "task@parity-rnn-1", "task@parity-second-1", "task@agreement-second-1"}
    assert set(stale) == {*of_model, *of_tasks, "report", "lengths"}
    checked(run("dvc repro -q", folder))
    assert "## Parity" in (folder / "reports/report.md").read_text(encoding="utf-8")
    assert (folder / "out/lengths/lengths.json").exists()
