"""Its section of the report."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.figures import GREY, PALETTE
from pipeline.report.applications import best_model
from pipeline.report.parts import Block, Heading, Picture, Row, Table
from pipeline.report.shares import shares
from pipeline.report.task_results import TaskResults
from pipeline.report.task_words import MeasureWords, TaskReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCURACY = MeasureWords("accuracy", "accuracy", "%")
RIGHT, WRONG = PALETTE[2], PALETTE[1]
ORDER = (
    "The first clips of the test split that were classified rightly and wrongly, in the order of a hash of their "
    "frames, none picked by hand."
)

Details = Mapping[str, Any]


def blocks(results: TaskResults) -> Sequence[Block]:
    """The confusion matrix of the best model and what it said frame by frame; how far back every loss reaches."""
    model = best_model(results, ACCURACY)
    details = next(iter(model.seeds.values()))["details"]
    pictures = clips(results, details, model.name) if "shown" in details else frames(results, details, model.name)
    return [Heading(f"What {model.name} takes for what"), confusion(results, details), *pictures, *shares(results)]


def confusion(results: TaskResults, details: Details) -> Table:
    """A row a class, a column what it was taken for."""
    classes = results.about["classes"]
    rows = [Row([name, *(f"{n:,}" for n in row)]) for name, row in zip(classes, details["confusion"], strict=True)]
    what = "Clips" if "shown" in details else "Frames"
    return Table(["class", *(f"taken for {name}" for name in classes)], rows, note=f"{what} of the test split.")


def clips(results: TaskResults, details: Details, name: str) -> list[Block]:
    """Clips with the guess after each frame."""
    shown, classes, image = details["shown"], results.about["classes"], image_of(results)
    if not shown:
        return []
    what = (
        "Under each frame the class" if image else "Grey: the channels. In colour: the probability of the right class"
    )
    caption = f"{what} if the clip ended behind this frame. {ORDER}"
    alt = f"{caption} {' '.join(_said(about, classes) for about in shown)}"
    draw = (lambda: film_strips(shown, classes, image)) if image else (lambda: curves(shown, classes))
    return [Picture("video_clips", f"Frame by frame ({name})", alt, caption, draw)]


def image_of(results: TaskResults) -> tuple[int, int] | None:
    """Height and width of the images; None of rows of numbers."""
    height, width = (results.params.get(f"image.{side}") for side in ("height", "width"))
    return None if height is None or width is None else (height, width)


def _guesses(about: Mapping[str, Any], classes: Sequence[str]) -> list[str]:
    rows: list[list[float]] = about["course"]
    return [str(classes[row.index(max(row))]) for row in rows]


def _said(about: Mapping[str, Any], classes: Sequence[str]) -> str:
    return f"{about['clip']} is {about['target']} and taken for {_guesses(about, classes)[-1]}."


def film_strips(shown: Sequence[Mapping[str, Any]], classes: Sequence[str], image: tuple[int, int]) -> "Figure":
    """A row a clip, a panel a frame."""
    from matplotlib.figure import Figure

    columns = max(len(about["frames"]) for about in shown)
    figure = Figure(figsize=(10, 1.6 * len(shown)), layout="constrained")
    for i, about in enumerate(shown):
        guesses = _guesses(about, classes)
        for k, (pixels, guess) in enumerate(zip(about["frames"], guesses, strict=True)):
            axes = figure.add_subplot(len(shown), columns, i * columns + k + 1)
            axes.imshow(np.reshape(pixels, image), cmap="Greys", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
            colour = RIGHT if guess == about["target"] else WRONG
            axes.set_xlabel(guess, rotation=90, fontsize=7, color=colour)
            if k == 0:
                axes.set_title(_title(about, classes), loc="left", fontsize=8)
    return figure


def _title(about: Mapping[str, Any], classes: Sequence[str]) -> str:
    return f"{about['target']}, taken for {_guesses(about, classes)[-1]}"


def curves(shown: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> "Figure":
    """A panel a clip."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 2 * len(shown)), layout="constrained")
    for i, about in enumerate(shown, start=1):
        axes = figure.add_subplot(len(shown), 1, i)
        axes.spines[["top"]].set_visible(False)
        axes.plot(about["at"], about["frames"], color=GREY, linewidth=0.8)
        axes.set_title(_title(about, classes), loc="left", fontsize="medium")
        axes.set_ylabel("channels")
        beside = axes.twinx()
        of_target = [row[classes.index(about["target"])] for row in about["course"]]
        beside.plot(about["at"], of_target, color=RIGHT if about["right"] else WRONG)
        beside.set(ylim=(0, 1), ylabel="probability")
    figure.axes[-2].set_xlabel("frame")
    return figure


def frames(results: TaskResults, details: Details, name: str) -> list[Block]:
    """Truth and guess along clips."""
    lines, classes = details["timelines"], results.about["classes"]
    caption = (
        "The class of each frame, as it is labelled and as it was taken; the first frames of the first test clips."
    )
    said = [f"{about['clip']}: {_agreement(about):.0%} of {len(about['truth']):,} frames agree." for about in lines]
    alt = f"{caption} {' '.join(said)}"
    return [Picture("video_timelines", f"Along the clips ({name})", alt, caption, lambda: drawn(lines, classes))]


def _agreement(about: Mapping[str, Any]) -> float:
    return float(np.mean(np.array(about["truth"]) == np.array(about["guess"])))


def drawn(lines: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> "Figure":
    """Two lanes a clip, a colour a class."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    colours = colours_of(len(classes))
    figure = Figure(figsize=(10, 1.3 * len(lines) + 0.6), layout="constrained")
    for i, about in enumerate(lines, start=1):
        _lanes(figure.add_subplot(len(lines), 1, i), about, colours)
    patches = [Patch(color=colour, label=name) for colour, name in zip(colours, classes, strict=True)]
    figure.legend(handles=patches, loc="outside lower center", ncols=min(len(classes), 6), frameon=False)
    return figure


def colours_of(number: int) -> list[str]:
    """One a class: those of all figures, and greys beyond.

    >>> len(set(colours_of(9)))
    9
    """
    beyond = max(number - len(PALETTE), 0)
    return [*PALETTE[:number], *(f"{0.2 + 0.6 * i / max(beyond, 1):.3f}" for i in range(beyond))]


def _lanes(axes: "Axes", about: Mapping[str, Any], colours: Sequence[str]) -> None:
    from matplotlib.colors import ListedColormap

    lanes = np.array([about["truth"], about["guess"]])
    axes.imshow(
        lanes, aspect="auto", interpolation="nearest", cmap=ListedColormap(colours), vmin=-0.5, vmax=len(colours) - 0.5
    )
    axes.set_yticks([0, 1], ["label", "guess"])
    axes.set_title(about["clip"], loc="left", fontsize="medium")
    axes.set_xlabel("frame")


REPORT = TaskReport(
    title="Video: what happens in frames",
    asked=(
        "Frames go in, one after the other, and what happens in them is asked for: a class a clip after its last "
        "frame, or a class a frame. The built-in clips show a handwritten digit that moves over a canvas. All "
        "movements of a digit have the same frames in another order, so a bag of frames is right exactly once in six. "
        "Each digit image is in one split (its writer, who is not known, may be in several). Clips of "
        "your own files are split as they are given, by person, or by the hash of each clip."
    ),
    measures=[ACCURACY, MeasureWords("macro_f1", "macro F1", "%")],
    tables={"frames": "By number of frames seen", "length": "By length (frames)"},
    blocks=blocks,
)
