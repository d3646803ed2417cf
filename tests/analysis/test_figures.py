"""Figures: what is drawn, and that equal figures have equal bytes."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.figures import HORIZONS, gradient_figure
from pipeline.figures import save_png

CURVES = {"slow": [1.0, 0.5, 0.09, 0.05, 0.009], "fast": [1.0, 0.01, 1e-4, 1e-8, 1e-16]}


def dots(name: str) -> list[tuple[float, float]]:
    """Positions of the markers in the colour of a curve."""
    lines = gradient_figure(CURVES, "title").axes[0].get_lines()
    (colour,) = {line.get_color() for line in lines if line.get_label() == name}
    return [
        (float(x), float(y))
        for line in lines
        if line.get_color() == colour and line.get_marker() == "o"
        for x, y in zip(np.asarray(line.get_xdata()), np.asarray(line.get_ydata()), strict=True)
    ]


def test_each_curve_is_drawn_whole_on_a_logarithmic_axis() -> None:
    axes = gradient_figure(CURVES, "How far back").axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    for name, values in CURVES.items():
        assert np.asarray(lines[name].get_xdata()).tolist() == [0, 1, 2, 3, 4]
        assert np.asarray(lines[name].get_ydata()).tolist() == values
    assert axes.get_yscale() == "log"
    assert axes.get_title(loc="left") == "How far back"


def test_a_dot_stands_where_a_curve_is_first_below_each_horizon() -> None:
    assert HORIZONS == (0.1, 0.01, 0.001)
    assert dots("slow") == [(2.0, 0.09), (4.0, 0.009)]
    assert dots("fast") == [(1.0, 0.01), (2.0, 1e-4), (2.0, 1e-4)]  # 0.01 is not below 0.01


def test_what_has_no_logarithm_is_left_out() -> None:
    axes = gradient_figure({"c": [0.0, 1.0, 0.5]}, "title").axes[0]
    (line,) = (line for line in axes.get_lines() if line.get_label() == "c")
    np.testing.assert_array_equal(np.asarray(line.get_ydata()), [np.nan, 1.0, 0.5])


def test_curves_differ_in_colour_and_in_dashes() -> None:
    many = {f"model {i}": [1.0, 0.5**i] for i in range(1, 13)}
    lines = [line for line in gradient_figure(many, "title").axes[0].get_lines() if line.get_label() in many]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12
    assert all(a.get_linestyle() != b.get_linestyle() for a, b in pairwise(lines))


@pytest.mark.slow
def test_equal_figures_have_equal_bytes_in_another_process_too(tmp_path: Path) -> None:
    here, there = tmp_path / "here.png", tmp_path / "there.png"
    save_png(gradient_figure(CURVES, "title"), here, dpi=120)
    code = (
        "import sys; from pathlib import Path; from pipeline.analysis.figures import gradient_figure;"
        "from pipeline.figures import save_png;"
        f"save_png(gradient_figure({CURVES}, 'title'), Path(sys.argv[1]), dpi=120);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(there)], check=True)
    assert here.read_bytes() == there.read_bytes()
    assert here.read_bytes().startswith(b"\x89PNG")
    assert b"matplotlib" not in here.read_bytes()
