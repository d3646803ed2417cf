"""The pipeline files, the stages' signatures and their imports tell one story."""

import ast
import importlib
import itertools
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

from pipeline import tasks
from pipeline.params import load_params, read_yaml
from pipeline.stage import Input, Output, Stage
from pipeline.stage.signature import of_item

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "dvc.yaml", *ROOT.glob("*/dvc.yaml")]
STAGES: dict[str, dict[str, Any]] = {name: entry for file in FILES for name, entry in read_yaml(file)["stages"].items()}
PER_LEVEL = {"tokenization", "vocabulary", "batching", "baseline", "training", "sampling"}
DECIDE_NO_BYTE = ("pipeline.tracking", "pipeline.stage", "pipeline.params", "pipeline.base.errors")
"""Rooms and modules that change no byte of an out: a change of them re-runs nothing. Sections are such modules, too."""
FOUND = {"stages.examples": "data", "stages.task": "task", "pipeline.tasks.words": "report"}
"""Modules that have those of this name imported in every task's folder."""


def stage_of(name: str) -> Stage:
    return getattr(importlib.import_module(f"stages.{name}"), name)


def decides_no_byte(module: str) -> bool:
    return module.endswith("params") or any(f"{module}.".startswith(f"{name}.") for name in DECIDE_NO_BYTE)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pipeline", "stages", include_external_packages=True)


def closure(module: str) -> set[str]:
    """Every module of ours that `module` imports, itself included, wherever the import stands."""
    seen, todo = set(), [module]
    while todo:
        here = todo.pop()
        if here in seen or decides_no_byte(here) or not here.startswith(("pipeline", "stages")):
            continue
        seen.add(here)
        todo += [f"pipeline.tasks.{task}.{FOUND[here]}" for task in tasks.names() if here in FOUND]
        todo += graph().find_modules_directly_imported_by(here)
    return seen


def deps_of(name: str) -> list[Path]:
    """The deps of a stage, of all tasks where they name one."""
    deps = STAGES[name]["deps"]
    return [ROOT / dep.replace("${item.task}", task) for dep in deps for task in tasks.names()]


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_stage_has_a_name_of_its_own_and_runs_at_the_root(file):
    for name, entry in read_yaml(file)["stages"].items():
        assert STAGES[name] == entry
        assert (file.parent / entry.get("wdir", ".")).resolve() == ROOT


@pytest.mark.parametrize("name", STAGES)
def test_every_module_a_stage_imports_stands_in_its_deps(name):
    deps = deps_of(name)
    modules = {path_of(module) for module in closure(f"stages.{name}")}
    missing = [m.relative_to(ROOT) for m in modules if not any(m == dep or dep in m.parents for dep in deps)]
    assert not missing, f"add to the deps of {name}: {sorted(map(str, missing))}"


@pytest.mark.parametrize("name", STAGES)
def test_no_dep_is_a_module_that_the_stage_does_not_import(name):
    modules = {path_of(module) for module in closure(f"stages.{name}")}
    ours = [dep for dep in STAGES[name]["deps"] if dep.startswith("pipeline")]
    found = {dep: [ROOT / dep.replace("${item.task}", task) for task in tasks.names()] for dep in ours}
    needed = {*modules, *(parent for module in modules for parent in module.parents)}
    idle = [dep for dep, paths in found.items() if not needed & set(paths)]
    assert not [dep for dep in idle if not list((ROOT / dep).glob("*.j2"))], f"delete these from the deps of {name}"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_the_params_it_reads_and_no_others(name):
    sections = stage_of(name).signature.sections
    named = {"model": "models.${item.model}"}
    if "task" in stage_of(name).signature.arguments:
        named["tasks"] = "tasks.${item.task}"
    expected = named | {s: f"{s}.${{item.level}}" for s in PER_LEVEL}
    params = [entry for entry in STAGES[name].get("params", []) if isinstance(entry, str)]
    assert sorted(params) == sorted(expected.get(section, section) for section in sections)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_names_the_version_of_what_decides_its_bytes(name):
    """torch where its code imports torch; Python where the text or examples are Python's own documentation."""
    modules = closure(f"stages.{name}")
    needed = ["python"] * (name in ("corpus", "examples"))
    needed += ["torch"] * any("torch" in graph().find_modules_directly_imported_by(module) for module in modules)
    named = [entry["environment.yaml"] for entry in STAGES[name].get("params", []) if isinstance(entry, dict)]
    assert named == [needed] * bool(needed)


@pytest.mark.parametrize("name", STAGES)
def test_the_command_has_every_flag_of_the_signature(name):
    words = shlex.split(STAGES[name]["cmd"])
    arguments = stage_of(name).signature.arguments
    paths = {n for n, a in arguments.items() if a.annotation in (Input, Output)}
    item = set(STAGES[name].get("matrix", {}))  # DVC makes --level, --model, ... of ${item}
    assert words[:3] == ["python", "-m", f"stages.{name}"]
    assert {w.removeprefix("--") for w in words if w.startswith("--")} == paths
    assert ("${item}" in words) == bool(item)
    assert item >= set(stage_of(name).signature.axes)


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
    for argument, a in stage.signature.arguments.items():
        if a.annotation is Input:
            assert str(of_item(Path(flags[f"--{argument}"]), templated)) in entry["deps"]
        if a.annotation is Output:
            assert [str(of_item(Path(flags[f"--{argument}"]), templated))] == entry["outs"]


def test_dvc_watches_the_corpus():
    assert "${corpus.path}" in STAGES["corpus"]["deps"]


def test_the_shipped_params_are_valid_and_name_every_section():
    params = load_params(ROOT / "params.yaml")
    assert set(params.run.models) <= set(params.models)


def test_every_folder_with_code_is_a_package():
    """pyproject.toml finds packages by their __init__.py."""
    folders = {path.parent for part in ("pipeline", "stages") for path in (ROOT / part).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


SECTIONS = sorted(path for path in (ROOT / "pipeline").glob("*/**/params.py") if path.parent.name != "base")


@pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.parent.name)
def test_a_section_only_says_what_a_value_may_be(path):
    """DVC does not look at these files, so nothing in them may decide a byte: no default, nothing to call."""
    for section in [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]:
        for part in section.body:
            match part:
                case ast.AnnAssign(value=value):
                    assert value is None or "ClassVar" in ast.unparse(part.annotation), f"{section.name} has a default"
                case ast.FunctionDef(decorator_list=[ast.Call(func=ast.Name("model_validator"))]):
                    returned = [node.value for node in ast.walk(part) if isinstance(node, ast.Return)]
                    assert all(isinstance(value, ast.Name) and value.id == "self" for value in returned)
                case ast.FunctionDef():
                    pytest.fail(f"{section.name}.{part.name} is no validator")


def test_dvc_looks_at_no_section():
    patterns = (ROOT / ".dvcignore").read_text().splitlines()
    assert {"/pipeline/**/params.py", "/pipeline/base/errors.py"} <= set(patterns)
