"""README's commands, as they are written and in their order, do what README says."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reliability.project import ROOT, change_params, environment, make_project, small

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUEUED = 2
"""Experiments that README puts into the queue."""


def blocks(heading: str) -> list[tuple[str, str]]:
    """Language and content of each block of code below a heading."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^```(\w+)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, f"README has no commands below {heading!r}"
    return found


@pytest.fixture
def project(tmp_path) -> Path:
    """A clone of Unroll with small values and one model, and, in the home folder, a book."""
    from pydoc_data.topics import topics

    def one_model(params: dict) -> None:
        params["run"] |= {"levels": ["char"], "models": ["lstm"], "tasks": ["agreement"], "seeds": [1]}
        small(params)
        params["corpus"] |= {"source": "python-docs", "path": "data"}

    make_project(tmp_path / "unroll", one_model)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/my_book.txt").write_text("\n\n".join(topics[name] for name in sorted(topics)[:12]))
    (tmp_path / "home/.gitconfig").write_text("[user]\n  name = Test\n  email = test@localhost\n")
    return tmp_path / "unroll"


@pytest.fixture
def shell(tmp_path) -> Callable[[str, Path], str]:
    """Runs lines in a shell that ends where one fails; returns what they say."""

    def run(lines: str, folder: Path) -> str:
        env = {**environment(), "HOME": str(tmp_path / "home")}
        call = {"capture_output": True, "text": True, "errors": "replace", "cwd": folder, "env": env}
        done = subprocess.run(["bash", "-e", "-c", lines], check=False, **call)
        assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
        return f"{done.stdout}\n{done.stderr}"

    return run


@pytest.mark.faults
def test_your_own_text_goes_through_repro_experiments_and_a_clone(project, shell):
    said = ""
    for language, content in blocks("Bring your own text"):
        if language == "yaml":
            own = YAML(typ="safe").load(content)
            change_params(project, lambda params, own=own: params["corpus"].update(own["corpus"]))
        else:
            said = shell(content, project)
    assert "Data and pipelines are up to date" in said  # of the clone
    assert (project.parent / "clone/reports/report.html").read_bytes() == (project / "reports/report.html").read_bytes()
    assert shell("git status --porcelain", project) == "\n"

    in_a_row, after = (content for _, content in blocks("Run experiments"))
    shell(in_a_row, project)
    wait_for_queue(lambda: shell("dvc queue status", project))
    shell(after, project)
    experiments = shell("dvc exp list --name-only", project).split()
    assert len(experiments) == 1 + 1 + QUEUED


def wait_for_queue(status: Callable[[], str]) -> None:
    said = ""
    for _ in range(600):
        said = status()
        if said.count("Success") + said.count("Failed") == QUEUED:
            break
        time.sleep(0.5)
    assert said.count("Success") == QUEUED, said
