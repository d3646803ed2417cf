from pathlib import Path

import pytest
from matplotlib.figure import Figure

from pipeline.figures import INK, PALETTE, log_gradients, panels, save_png, save_svg


def drawn() -> Figure:
    figure, (axes,) = panels(1, 3.0, 2.0)
    axes.plot([0, 1], [1, 2], color=INK)
    return figure


def test_axes_stand_side_by_side_without_the_upper_and_the_right_line():
    figure, axes = panels(3, 6.0, 2.0)
    assert figure.get_size_inches().tolist() == [6.0, 2.0]
    assert [panel.get_subplotspec().colspan.start for panel in axes] == [0, 1, 2]  # type: ignore[union-attr]
    for panel in axes:
        assert {name for name, line in panel.spines.items() if line.get_visible()} == {"left", "bottom"}


@pytest.mark.parametrize(("lowest", "bottom"), [(1e-30, 1e-12), (1e-4, 1e-4)])
def test_no_gradient_is_drawn_that_no_optimiser_feels(lowest: float, bottom: float):
    _, (axes,) = panels(1, 3.0, 2.0)
    axes.margins(y=0)
    axes.plot([0, 1], [1.0, lowest])
    log_gradients(axes)
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] == pytest.approx(bottom)


def test_equal_figures_have_equal_bytes_without_version_and_date(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        save_png(drawn(), folder / "a.png", dpi=50)
        save_svg(drawn(), folder / "a.svg")
    for name in ("a.png", "a.svg"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
        assert b"Matplotlib" not in (one / name).read_bytes()
    assert "<dc:date>" not in (one / "a.svg").read_text()


def test_ink_follows_the_readers_theme(tmp_path: Path):
    save_svg(drawn(), tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert svg.count(INK) == 1  # as the light theme's
    assert "stroke: currentColor" in svg
    assert "@media(prefers-color-scheme:dark)" in svg


def test_colours_differ_and_none_is_the_ink():
    assert len({*PALETTE, INK}) == len(PALETTE) + 1
