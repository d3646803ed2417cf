"""`make same`: two revisions are compared file by file, and what may differ is listed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import save_file

from pipeline.base.errors import ParamsError
from pipeline.params import read_yaml
from reliability.compare import contents, first_value
from reliability.project import AUTHOR, ROOT, checked, run
from reliability.same import MAP, compare, expected, first_difference, main, make_small, small, unpack, working_tree
from reliability.same_map import SameMap

NOTHING = SameMap.load(MAP).model_dump()


def same_map(**entries: object) -> SameMap:
    return SameMap.model_validate({**NOTHING, **entries})


def test_the_list_is_empty_unless_a_change_is_under_way():
    assert not any(NOTHING.values())


Write = Callable[[Path, float], object]


def write_table(path: Path, x: float) -> None:
    parquet.write_table(pa.table({"text": ["a", "b"], "n": [1.0, x]}), path)


KINDS: dict[str, tuple[Write, str]] = {
    "a.json": (lambda path, x: path.write_text(json.dumps({"metrics": {"loss": x}})), "metrics.loss: 2.5 and 2.75"),
    "a.jsonl": (
        lambda path, x: path.write_text(f'{{"step": 1}}\n{{"step": {x}}}\n'),
        "line 2.step: 2.5 and 2.75",
    ),
    "a.safetensors": (
        lambda path, x: save_file({"b": np.zeros(3), "w": np.array([[1.0, x], [0.0, 1.0]])}, path),
        "w: 1 of 4 values, largest difference 0.25",
    ),
    "a.npy": (lambda path, x: np.save(path, np.array([x, 2 * x, 1])), "array: 2 of 3 values, largest difference 0.5"),
    "a.parquet": (write_table, "column n.1: 2.5 and 2.75"),
    "a.csv": (lambda path, x: path.write_text(f"lag,loss\n3,{x}\n"), "line 2: '3,2.5' and '3,2.75'"),
    "a.png": (lambda path, x: path.write_bytes(str(x).encode()), "bytes: b'2.5' and b'2.75'"),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_first_value_that_differs_is_named(tmp_path, name):
    write, difference = KINDS[name]
    for folder, x in (("base", 2.5), ("here", 2.75), ("again", 2.5)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / name, x)
    base, here, again = (contents(tmp_path / folder / name) for folder in ("base", "here", "again"))
    assert first_value(base, here) == difference
    assert first_value(base, again) is None


def test_shapes_types_and_absence_are_differences_within_any_tolerance():
    assert first_value({"w": np.zeros((2, 3))}, {"w": np.zeros((3, 2))}, 9.0) == "w: float64 (2, 3) and float64 (3, 2)"
    assert first_value({"n": 1}, {"n": 1.0}, 9.0) == "n: 1 and 1.0"
    assert first_value({}, {"n": 1}, 9.0) == "n: nothing and 1"


@pytest.fixture
def sides(tmp_path) -> Callable[[dict[str, str], dict[str, str]], tuple[dict[str, Path], dict[str, Path]]]:
    """Lay the outs of BASE and of the working tree: texts by path."""

    def lay(*texts: dict[str, str]) -> tuple[dict[str, Path], dict[str, Path]]:
        base, here = ({name: tmp_path / side / name for name in of} for side, of in zip("ab", texts, strict=True))
        for paths, of in ((base, texts[0]), (here, texts[1])):
            for name, path in paths.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(of[name])
        return base, here

    return lay


RECORD, OTHER = "out/memory/adding-gru-1/record/record.json", "out/tasks/adding-gru-1/record/record.json"


def test_a_file_that_one_side_has_is_a_difference(sides):
    base, here = sides({"out/a.txt": "a"}, {"out/a.txt": "a", "out/b.txt": "b"})
    assert first_difference(base, here, same_map()) == "out/b.txt: only the working tree has this file"
    assert first_difference(here, base, same_map()) == "out/b.txt: only BASE has this file"


def test_other_bytes_for_the_same_values_are_a_difference(sides):
    base, here = sides({"out/a.json": '{"n": 1}'}, {"out/a.json": '{"n":  1}'})
    assert first_difference(base, here, same_map()) == "out/a.json: other bytes for the same values"


def test_a_renamed_folder_is_compared_under_its_new_name(sides):
    base, here = sides({RECORD: "{}"}, {OTHER: "{}"})
    renamed = same_map(renamed_paths={"out/memory": "out/tasks"})
    assert first_difference(base, here, same_map()) == f"{RECORD}: only BASE has this file"
    assert first_difference(base, here, renamed) is None
    here[OTHER].write_text('{"n": 1}')
    assert first_difference(base, here, renamed) == f"{OTHER}: content: {{}} and nothing"


BEFORE = {"params": {"memory.lengths": "[3]", "memoryless": 1}, "tags": {"stage": "memory"}}
AFTER = {"params": {"tasks.lengths": "[3]", "memoryless": 1}, "tags": {"stage": "tasks"}, "version": 2}
RULES = {
    "renamed_keys": [{"files": "out/*/record.json", "old": "params.memory", "new": "params.tasks"}],
    "dropped_keys": [{"files": "out", "key": "tags.stage", "value": "memory"}],
    "added_keys": [
        {"files": "out", "key": "tags.stage", "value": "tasks"},
        {"files": "out/a/record.json", "key": "version", "value": 2},
    ],
}


def test_renamed_dropped_and_added_keys_are_mapped(sides):
    name = "out/a/record.json"
    base, here = sides({name: json.dumps(BEFORE)}, {name: json.dumps(AFTER)})
    assert first_difference(base, here, same_map(**RULES)) is None
    here[name].write_text(json.dumps({**AFTER, "params": {"tasks.lengths": "[4]", "memoryless": 1}}))
    assert first_difference(base, here, same_map(**RULES)) == f"{name}: params.tasks.lengths: '[3]' and '[4]'"


@pytest.mark.parametrize("value", [3, None])
def test_an_added_key_of_another_value_or_of_none_is_a_difference(sides, value):
    name = "out/a/record.json"
    after = {**AFTER, "version": value} if value else {key: AFTER[key] for key in ("params", "tags")}
    base, here = sides({name: json.dumps(BEFORE)}, {name: json.dumps(after)})
    difference = f"{name}: added_keys of same.yaml and the file: version: 2 and {value or 'nothing'}"
    assert first_difference(base, here, same_map(**RULES)) == difference


def test_keys_of_json_lines_are_mapped_in_every_line(sides):
    name = "out/history.jsonl"
    base, here = sides({name: '{"loss": 2}\n{"loss": 1}\n'}, {name: '{"nats": 2}\n{"nats": 1}\n'})
    assert first_difference(base, here, same_map()) == f"{name}: line 1.loss: 2 and nothing"
    renamed = same_map(renamed_keys=[{"files": name, "old": "loss", "new": "nats"}])
    assert first_difference(base, here, renamed) is None
    here[name].write_text('{"nats": 2}\n{"nats": 3}\n')
    assert first_difference(base, here, renamed) == f"{name}: line 2.nats: 1 and 3"


def test_an_expected_difference_holds_within_its_tolerance_and_is_printed_with_its_reason(sides):
    name, entry = "out/train/gru/scores.json", {"files": "out/train/*/scores.json", "reason": "Sums in another order."}
    base, here = sides({name: '{"nats": 2.0, "n": 3}'}, {name: '{"nats": 2.001, "n": 3}'})
    wide, narrow = (same_map(expected_differences=[{**entry, "tolerance": by}]) for by in (0.01, 0.0001))
    assert first_difference(base, here, wide) is None
    assert first_difference(base, here, narrow) == f"{name}: nats: 2.0 and 2.001"
    assert expected(here, wide) == [f"expected in 1 files, {entry['files']}: numbers within 0.01: {entry['reason']}"]
    here[name].write_text("{}")
    assert first_difference(base, here, wide) == f"{name}: nats: 2.0 and nothing"
    assert first_difference(base, here, same_map(expected_differences=[{**entry, "tolerance": None}])) is None


def test_a_wrong_list_is_one_sentence(tmp_path):
    text = MAP.read_text().replace("expected_differences: []", "expected_differences: [{files: out, tolerance: 1.0}]")
    (tmp_path / "same.yaml").write_text(text)
    with pytest.raises(ParamsError, match=r"^same.yaml: expected_differences\S*reason: "):
        SameMap.load(tmp_path / "same.yaml")


def test_small_values_reach_the_keys_that_base_has_and_those_that_are_renamed(tmp_path):
    here, base = tmp_path / "here", tmp_path / "base"
    for folder, text in (
        (here, "{tasks: {adding: {steps: 9, lanes: 5}}, run: {seeds: [1], jobs: 1}, rate: 0.2}"),
        (base, "{memory: {adding: {steps: 8}}, run: {seeds: [3]}, rate: 0.1}"),
    ):
        folder.mkdir()
        (folder / "params.yaml").write_text(text)

    def change(params: dict) -> None:
        params["tasks"]["adding"] |= {"steps": 1, "lanes": 2}
        params["run"] |= {"seeds": [1, 2], "jobs": 4}

    make_small(base, here, same_map(renamed_params={"memory": "tasks"}), change)
    assert read_yaml(base / "params.yaml") == {
        "memory": {"adding": {"steps": 1}},
        "run": {"seeds": [1, 2]},
        "rate": 0.1,
    }


@pytest.mark.parametrize(("arguments", "got"), [([], "none"), (["a", "b"], "a b"), (["no-such"], "no-such")])
def test_base_is_one_revision(arguments, got, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith(f"make same: BASE is one revision of this repository (got {got}); ")


def one_item(params: dict) -> None:
    params["run"] = {"levels": ["char"], "models": ["gru"], "tasks": ["reber"], "seeds": [1]}
    small(params)


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository whose only commit is this working tree."""
    folder = tmp_path / "unroll"
    unpack(working_tree(ROOT), ROOT, folder)
    checked(run("git init -q", folder))
    checked(run("git add .", folder))
    checked(run(f"git {AUTHOR} commit -qm Start", folder))
    return folder


ONE_WEIGHT = """

_build = build_language_model


def build_language_model(*given, **named):
    import torch

    network = _build(*given, **named)
    with torch.no_grad():
        list(network.parameters())[1].view(-1)[3] += 1e-3
    return network
"""
ONE_SCORE = """

_final_nats = final_nats


def final_nats(*given):
    return _final_nats(*given) * 1.000001
"""
PLANTED = {
    "one initial weight": (
        "pipeline/networks/build.py",
        ONE_WEIGHT,
        r"out/train/char-gru-1/\S+safetensors: \S+: .*",
    ),
    "one score": (
        "pipeline/training/language_modelling.py",
        ONE_SCORE,
        r"out/train/char-gru-1/nats/test.npy: array",
    ),
}


@pytest.mark.faults
@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_difference_that_is_not_committed_is_named(repository, what, capsys):
    file, code, difference = PLANTED[what]
    with (repository / file).open("a") as source:
        source.write(code)
    with pytest.raises(SystemExit, match=f"^not equal: {difference}"):
        compare(repository, "HEAD", same_map(), one_item)


@pytest.mark.faults
def test_the_code_of_both_sides_gives_equal_outs_and_a_stage_that_fails_is_told_with_its_side(repository):
    report = repository / "stages/report.py"
    report.write_text(report.read_text() + "# not committed\n")
    assert compare(repository, "HEAD", same_map(), one_item).startswith("equal: 9 stages, ")
    (repository / "stages/vocabulary.py").write_text("raise SystemExit('planted')\n")
    with pytest.raises(SystemExit, match=r"(?s)^The working tree: a stage ended with 1:.*stages.vocabulary.*planted"):
        compare(repository, "HEAD", same_map(), one_item)
    assert (
        run("git status --porcelain", repository).stdout.split() == "M stages/report.py M stages/vocabulary.py".split()
    )
