"""dvc.yaml, the stages' signatures and their imports tell one story."""

import importlib
import itertools
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from pipeline.base.params import load_params, read_yaml
from pipeline.stage import ITEM, Input, Output, Stage, of_item

ROOT = Path(__file__).parents[2]
STAGES: dict[str, dict[str, Any]] = read_yaml(ROOT / "dvc.yaml")["stages"]
PER_LEVEL = {"tokenization", "vocabulary", "batching", "baseline", "training", "sampling"}
A_VIEW = "pipeline.tracking"
"""Never changes an out: what it shows is in the records. A change of it re-runs nothing."""


def stage_of(name: str) -> Stage:
    return getattr(importlib.import_module(f"stages.{name}"), name)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pipeline", "stages")


def closure(module: str) -> set[str]:
    """Every module of ours that `module` imports, itself included, wherever the import stands."""
    seen, todo = set(), [module]
    while todo:
        here = todo.pop()
        if here in seen or here.startswith(A_VIEW):
            continue
        seen.add(here)
        todo += graph().find_modules_directly_imported_by(here)
    return seen


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.parametrize("name", STAGES)
def test_every_module_a_stage_imports_stands_in_its_deps(name):
    deps = [ROOT / dep for dep in STAGES[name]["deps"]]
    modules = {path_of(module) for module in closure(f"stages.{name}")}
    missing = [m.relative_to(ROOT) for m in modules if not any(m == dep or dep in m.parents for dep in deps)]
    assert not missing, f"add to the deps of {name}: {sorted(map(str, missing))}"


@pytest.mark.parametrize("name", STAGES)
def test_no_dep_is_a_module_that_the_stage_does_not_import(name):
    modules = {path_of(module) for module in closure(f"stages.{name}")}
    ours = [ROOT / dep for dep in STAGES[name]["deps"] if dep.startswith(("pipeline/", "stages/"))]
    idle = [dep.relative_to(ROOT) for dep in ours if not any(m == dep or dep in m.parents for m in modules)]
    idle = [dep for dep in idle if not list((ROOT / dep).glob("*.j2"))]
    assert not idle, f"delete from the deps of {name}: {sorted(map(str, idle))}"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_the_params_it_reads_and_no_others(name):
    sections = stage_of(name).sections
    named = {"model": "models.${item.model}"}
    if "task" in stage_of(name).arguments:
        named["memory"] = "memory.${item.task}"
    expected = named | {s: f"{s}.${{item.level}}" for s in PER_LEVEL}
    assert sorted(STAGES[name]["params"]) == sorted(expected.get(section, section) for section in sections)


@pytest.mark.parametrize("name", STAGES)
def test_the_command_has_every_flag_of_the_signature(name):
    words = shlex.split(STAGES[name]["cmd"])
    arguments = stage_of(name).arguments
    paths = {n for n, a in arguments.items() if a.annotation in (Input, Output)}
    item = set(STAGES[name].get("matrix", {}))  # DVC makes --level, --model, ... of ${item}
    assert words[:3] == ["python", "-m", f"stages.{name}"]
    assert {w.removeprefix("--") for w in words if w.startswith("--")} == paths
    assert ("${item}" in words) == bool(item)
    assert item >= {n for n in ITEM if n in arguments}


@pytest.mark.parametrize("name", STAGES)
def test_no_value_of_params_stands_in_a_command_unquoted(name):
    """DVC quotes the values of a whole ${item}, and gives all others to the shell as they are."""
    assert set(re.findall(r"\$\{.*?\}", STAGES[name]["cmd"])) <= {"${item}"}


@pytest.mark.parametrize("name", STAGES)
def test_the_paths_of_the_command_are_its_deps_and_outs(name):
    stage, entry = stage_of(name), STAGES[name]
    words = shlex.split(entry["cmd"])
    flags = dict(itertools.pairwise(words))
    templated = {n: f"${{item.{n}}}" for n in entry.get("matrix", {})}
    for argument, a in stage.arguments.items():
        if a.annotation is Input:
            assert str(of_item(Path(flags[f"--{argument}"]), templated)) in entry["deps"]
        if a.annotation is Output:
            assert [str(of_item(Path(flags[f"--{argument}"]), templated))] == entry["outs"]


def test_dvc_watches_the_corpus():
    assert "${corpus.path}" in STAGES["corpus"]["deps"]


def test_the_shipped_params_are_valid_and_name_every_section():
    params = load_params(ROOT / "params.yaml")
    assert set(params.run.models) <= set(params.models)


def test_no_module_has_code_outside_the_listed_packages():
    listed = {path.parent for path in (ROOT / "pipeline").rglob("*.py")}
    known = importlib.import_module("tomllib").loads((ROOT / "pyproject.toml").read_text())
    packages = {ROOT.joinpath(*p.split(".")) for p in known["tool"]["setuptools"]["packages"]}
    assert listed <= packages
