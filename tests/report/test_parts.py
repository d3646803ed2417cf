"""The parts on gradients: their cells against numbers written by hand, and their sentences."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.base.artifacts import Record, read_json, write_json
from pipeline.base.params import RunParams
from pipeline.report import clipping, context, gates, layers, reach
from pipeline.report.chapters import report
from pipeline.report.collect import Results, collect
from pipeline.report.curves import write_figures
from pipeline.report.parts import Findings, Part, Picture, Table, Verdict
from pipeline.report.render import write_report

from .conftest import REPORTS, blocks

DISAGREES = "By the rate <it> holds & goes on."
Collect = Callable[..., Results]


@pytest.fixture
def told(folders: dict[str, Path]) -> Collect:
    """Results of one level; all models and one seed unless others are named."""

    def of(models: tuple[str, ...] = ("rnn", "lstm", "bilstm"), seeds: tuple[int, ...] = (1,)) -> Results:
        return collect(folders, RunParams(levels=["char"], models=list(models), tasks=["agreement"], seeds=list(seeds)))

    return of


def change(folder: Path, params: Mapping[str, Any] | None = None, metrics: Mapping[str, float] | None = None) -> None:
    old = Record.load(folder)
    Record({**old.params, **(params or {})}, old.tags, {**old.metrics, **(metrics or {})}, old.history).save(folder)


def judge(folder: Path, weights: str, **verdict: Any) -> None:
    verdicts = read_json(folder / "verdicts.json")
    verdicts[weights] |= verdict
    write_json(folder / "verdicts.json", verdicts)


def row(table: Table, *names: str) -> dict[str, str]:
    found = next(row.cells for row in table.rows if tuple(row.cells[: len(names)]) == names)
    return dict(zip(table.heads, found, strict=True))


def cells(table: Table) -> list[list[str]]:
    return [list(row.cells) for row in table.rows]


def verdict(part: Part) -> str:
    (found,) = blocks(part, Verdict)
    return found.text


def test_a_table_says_how_far_each_gradient_reaches(told: Collect):
    table = reach.fading(told().levels[0])
    assert row(table, "lstm", "before") == {
        "model": "lstm", "training": "before", "verdict": "vanishes from lag 7 on", "half-life (steps)": "1.0",
        "R²": "-", "10 % horizon (steps)": "4", "1 % horizon (steps)": "7", "0.1 % horizon (steps)": "> 30",
    }  # fmt: skip
    assert row(table, "lstm", "after")["verdict"] == "holds up to lag 30"
    assert row(table, "lstm", "after")["half-life (steps)"] == "16.0"
    assert len(table.rows) == 3 * 2


def test_rates_stand_beside_each_other_and_a_lost_exponent_is_endless(folders: dict[str, Path], told: Collect):
    change(folders["gradients"] / "char-rnn-1", metrics={"trained/layer_1/bound_mean": 0.75})
    table = reach.rates(told().levels[0])
    assert row(table, "rnn", "after")["bound (a step)"] == "0.75"
    assert row(table, "lstm", "after")["bound (a step)"] == "-"
    assert row(table, "rnn", "after")["λ₁ (nats a step)"] == "-0.062"
    assert row(table, "rnn", "before")["λ₁ (nats a step)"] == "-inf"
    assert row(table, "rnn", "before")["Ω"] == "7.50"


def test_seeds_that_differ_are_counted(folders: dict[str, Path], told: Collect):
    judge(folders["gradients"] / "char-rnn-2", "trained", says="vanishes", from_lag=5)
    rnn = told(seeds=(1, 2)).levels[0].models[0]
    assert reach.says(rnn, "trained") == "holds in 1 of 2 seeds and vanishes in 1 of 2 seeds"
    assert reach.says(rnn, "initial") == "vanishes from lag 7.0 ± 0.0 on"


def test_a_disagreement_is_told_in_both_files_as_text(folders: dict[str, Path], told: Collect, tmp_path: Path):
    judge(folders["gradients"] / "char-lstm-1", "trained", agree=False, findings=[DISAGREES])
    for name in ("learning", "cloze", "gradients", "gates", "context"):
        (tmp_path / f"{name}_char.svg").touch()
    (tmp_path / "task_agreement.svg").touch()
    write_report(report(told(), REPORTS), tmp_path)
    assert f"- **lstm, after training**: {DISAGREES}" in (tmp_path / "report.md").read_text()
    html = (tmp_path / "report.html").read_text()
    assert "<b>lstm, after training</b>: By the rate &lt;it&gt; holds &amp; goes on." in html
    assert "Not all measures agree on lstm:" in html
    assert "Not all measures agree on lstm:" in (tmp_path / "report.md").read_text()


def test_without_a_disagreement_none_is_told(told: Collect):
    part = reach.part(told().levels[0])
    assert blocks(part, Findings) == []
    assert verdict(part).endswith("The other measures say nothing against it.")


def test_the_right_side_has_a_row_and_checkpoints_have_one_each(told: Collect):
    level = told().levels[0]
    parts = layers.parts(level)
    assert cells(parts) == [["bilstm", "the right side", "2.5", "2.5", "9", "9"]]
    assert cells(layers.checkpoints(level)) == [["10", *["11"] * 3], ["20", *["> 30"] * 3]]
    assert "from 11 to > 30 in rnn, from 11" in layers.verdict(level)


def test_layers_are_told_apart(folders: dict[str, Path], told: Collect):
    path = folders["gradients"] / "char-lstm-1" / "gradients.json"
    curves = read_json(path)
    for weights, shift in (("initial", 0), ("trained", 10)):
        for layer in (1, 2):
            curve = {"half_life": float(layer + shift), "horizons": {"1pct": 3 * layer + shift}}
            curves[weights][f"layer_{layer}"] = curve
    write_json(path, curves)
    level = told(("rnn", "lstm")).levels[0]
    assert cells(layers.parts(level)) == [
        ["lstm", "layer 1", "1.0", "11.0", "3", "13"],
        ["lstm", "layer 2", "2.0", "12.0", "6", "16"],
    ]
    assert "of lstm falls below 1 % at lag 16 in layer 2 and at lag 13 in layer 1." in layers.verdict(level)


def test_a_plain_network_has_no_parts(told: Collect):
    part = layers.part(told(("rnn",)).levels[0])
    assert len(blocks(part, Table)) == 1  # the checkpoints
    assert "one layer and reads from the left alone" in verdict(part)


def test_gates_are_told_before_and_after_training(told: Collect):
    part = gates.part(told().levels[0])
    (table,) = blocks(part, Table)
    assert list(table.rows[0].cells) == ["lstm", "1", "before", "50.0", "25.0", "0.0", "2.0"]
    assert list(table.rows[1].cells) == ["lstm", "1", "after", "75.0", "37.5", "0.0", "4.0"]
    assert "from 2.0 to 4.0 in lstm and from 2.0 to 4.0 in bilstm. " in verdict(part)
    assert verdict(part).endswith("greatest in lstm: 0.38.")


def test_without_gates_the_part_says_so(told: Collect):
    part = gates.part(told(("rnn",)).levels[0])
    assert (blocks(part, Picture), blocks(part, Table)) == ([], [])
    assert verdict(part).startswith("No selected model has gates")


def test_reach_stands_beside_use(folders: dict[str, Path], told: Collect):
    change(folders["gradients"] / "char-rnn-1", metrics={"trained/horizon_1pct": 1.0})
    change(folders["gradients"] / "char-bilstm-1", metrics={"trained/horizon_1pct": 2.0})
    level = told().levels[0]
    rows = cells(context.table(level))
    assert rows[:2] == [["rnn", "2.000", "1", "2", "> 4"], ["lstm", "2.000", "> 30", "2", "> 4"]]
    assert context.verdict(level) == (
        "In lstm the gradient reaches further than the context that is used. In rnn more context is used than the mean "
        "gradient reaches. In bilstm the two are equal, or both beyond what was measured."
    )
    assert context.excess(level.models[0]) == {1: [0.5], 2: [0.25], 4: [0.0625]}


def test_only_models_that_explode_are_named(folders: dict[str, Path], told: Collect):
    assert clipping.explosions(told().levels[0]).startswith("No selected model explodes")
    judge(folders["gradients"] / "char-lstm-1", "initial", says="explodes", from_lag=9)
    spike = {"measure": "norm before clipping", "value": 99.0, "says": "explodes", "words": "99.0 times the median"}
    judge(folders["gradients"] / "char-bilstm-1", "trained", opinions=[{**spike, "measure": "rate"}])
    judge(folders["gradients"] / "char-rnn-1", "trained", opinions=[spike])
    assert clipping.explosions(told().levels[0]) == (
        "rnn explodes: the steps of its optimiser (99.0 times the median). "
        "lstm explodes: its gradient by lag before training (from lag 9 on)."
    )
    assert "(from lag 9 on, in 1 of 2 seeds)" in clipping.explosions(told(seeds=(1, 2)).levels[0])


def test_norms_are_those_before_clipping(told: Collect):
    table = clipping.norms(told().levels[0])
    assert list(table.rows[0].cells) == ["rnn", "1", "0.500", "1.600", "2.000", "4.0", "12.5", "0"]


def test_clipping_is_compared_for_models_that_differ_in_it_alone(folders: dict[str, Path], told: Collect):
    assert len(blocks(clipping.part(told().levels[0]), Table)) == 1
    change(folders["train"] / "char-lstm-1", {"model.max_grad_norm": None})
    assert list(clipping.pairs(told().levels[0])) == []  # of another cell
    change(folders["train"] / "char-lstm-1", {"model.cell": "rnn"})
    part = clipping.part(told().levels[0])
    assert [row[:4] for row in cells(blocks(part, Table)[1])] == [
        ["rnn", "1", "1.900", "1.900"],
        ["lstm", "none", "1.400", "1.400"],
    ]
    assert verdict(part).endswith(
        "rnn and lstm differ in the limit alone: 1.900 and 1.400 bits per character on the test text, "
        "so clipping at 1 costs 0.500."
    )


def test_two_limits_are_no_comparison_of_with_and_without(folders: dict[str, Path], told: Collect):
    change(folders["train"] / "char-lstm-1", {"model.max_grad_norm": 5.0, "model.cell": "rnn"})
    assert list(clipping.pairs(told().levels[0])) == []


@pytest.mark.slow
@pytest.mark.parametrize("models", [("bilstm",), ("rnn",), ("lstm", "rnn")])
def test_any_selection_makes_a_report(told: Collect, tmp_path: Path, models: tuple[str, ...]):
    content = report(told(models), REPORTS)
    write_figures(content.pictures, tmp_path)
    write_report(content, tmp_path)
    assert (tmp_path / "report.md").read_text().count("**Verdict.**") == 5 + 1
