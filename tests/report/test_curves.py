from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.base.artifacts import Record
from pipeline.base.params import RunParams
from pipeline.figures import INK
from pipeline.report import context, gates, reach
from pipeline.report.chapters import report
from pipeline.report.collect import LevelResults, ModelResults, Results, collect
from pipeline.report.curves import styles, write_figures

from .conftest import REPORTS


def drawn(line: Line2D, axis: str) -> list[float]:
    return np.asarray(line.get_xdata() if axis == "x" else line.get_ydata()).tolist()


def figures(results: Results) -> dict[str, Figure]:
    return {picture.name: picture.draw() for picture in report(results, REPORTS).pictures}


def learning(folders: dict[str, Path], run: RunParams) -> Axes:
    return figures(collect(folders, run))["learning_char"].axes[0]


def char(folders: dict[str, Path], run: RunParams) -> LevelResults:
    return collect(folders, run).levels[0]


def test_a_model_looks_the_same_at_every_level(folders: dict[str, Path], run: RunParams):
    drawn_figures = figures(collect(folders, run))

    def colours(name: str) -> dict[object, object]:
        return {line.get_label(): line.get_color() for line in drawn_figures[name].axes[0].lines}

    assert colours("learning_char") == colours("learning_word")
    assert colours("learning_char")["rnn"] != colours("learning_char")["lstm"]
    assert colours("gradients_char")["lstm"] == colours("learning_char")["lstm"]


def test_forty_two_models_all_look_different():
    looks = styles([ModelResults(f"m{i}", []) for i in range(42)]).values()
    assert len({tuple(look.values()) for look in looks}) == 42


def test_learning_curves_are_means_and_the_floor_is_validations(folders: dict[str, Path], run: RunParams):
    axes = learning(folders, run)
    lines = {line.get_label(): line for line in axes.lines}
    assert set(lines) == {"rnn", "lstm", "2-gram floor"}  # no cloze model beside language models
    assert drawn(lines["lstm"], "x") == [10, 20]
    assert drawn(lines["lstm"], "y") == pytest.approx([2.5, 2.0])
    assert drawn(lines["2-gram floor"], "y") == [1.75, 1.75]


def test_bands_reach_from_the_lowest_to_the_highest_seed(folders: dict[str, Path], run: RunParams):
    axes = learning(folders, run)
    band = axes.collections[1].get_paths()[0].get_extents()  # type: ignore[attr-defined]
    assert (band.ymin, band.ymax) == pytest.approx((1.9, 2.6))  # lstm at step 20 of seed 1, at step 10 of seed 2


def test_gradients_are_dashed_before_training(folders: dict[str, Path], run: RunParams):
    axes = reach.drawn(char(folders, run)).axes[0]
    assert axes.get_yscale() == "log"
    rnn, rnn_before = axes.lines[:2]
    assert (rnn.get_linestyle(), rnn_before.get_linestyle()) == ("-", "--")
    assert drawn(rnn, "y")[2] == pytest.approx(0.5)
    assert drawn(rnn_before, "y")[2] == pytest.approx(0.25)


def test_gates_are_faint_before_training(folders: dict[str, Path], run: RunParams):
    axes = gates.drawn(char(folders, run)).axes[0]
    before, after = axes.lines[:2]  # of the first gated model
    assert (before.get_alpha(), after.get_alpha(), after.get_label()) == (0.35, None, "lstm")
    assert (drawn(before, "y")[2], drawn(after, "y")[2]) == (0.25, 0.5625)
    assert len(axes.lines) == 2 * 2  # the plain rnn has none


def test_a_horizon_that_was_not_reached_is_not_marked(folders: dict[str, Path], run: RunParams):
    for seed, lag in ((1, 3.0), (2, 5.0)):
        folder = folders["gradients"] / f"char-rnn-{seed}"
        old = Record.load(folder)
        Record(old.params, old.tags, {**old.metrics, "trained/horizon_1pct": lag}, old.history).save(folder)
    axes = context.drawn(char(folders, run)).axes[0]
    curves = [line for line in axes.lines if len(drawn(line, "x")) == 3]
    marks = [drawn(line, "x") for line in axes.lines if len(drawn(line, "x")) == 2]
    assert [line.get_label() for line in curves] == ["rnn", "lstm", "bilstm"]
    assert drawn(curves[0], "y") == [0.5, 0.25, 0.0625]
    assert marks == [[4.0, 4.0]]  # of the rnn alone, the mean over its seeds


@pytest.mark.slow
def test_figures_have_equal_bytes_and_follow_the_theme(folders: dict[str, Path], tmp_path: Path):
    results = collect(folders, RunParams(levels=["char"], models=["rnn", "bilstm"], tasks=["agreement"], seeds=[1, 2]))
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        names = write_figures(report(results, REPORTS).pictures, folder)
    of_level = [f"{figure}_char" for figure in ("gradients", "context", "gates", "learning", "cloze")]
    wanted = [f"{figure}.{kind}" for figure in [*of_level, "task_agreement"] for kind in ("png", "svg")]
    assert names == sorted(wanted)
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    svg = (one / "learning_char.svg").read_text()
    assert INK not in svg.replace(f"<style>svg{{color:{INK}}}", "")
    assert "currentColor" in svg
    assert "prefers-color-scheme:dark" in svg
