"""A clip as it is seen: its spectrogram, and below it where each character of the transcript was heard."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.figures import GREY, PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def alignments(clips: Sequence[Mapping[str, Any]]) -> "Figure":
    """Clips below each other, as `study.shown` has them: spectrogram, characters at their steps, the blank's p."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.6 * len(clips)), layout="constrained")
    heights = [ratio for _ in clips for ratio in (3, 1)]
    panels = figure.subplots(2 * len(clips), 1, height_ratios=heights, squeeze=False)[:, 0]
    for clip, spectrogram, characters in zip(clips, panels[::2], panels[1::2], strict=True):
        _draw_spectrogram(spectrogram, clip)
        _draw_characters(characters, clip)
    panels[-1].set_xlabel("seconds")
    return figure


def _draw_spectrogram(axes: "Axes", clip: Mapping[str, Any]) -> None:
    frames = np.array(clip["log_mel"]).T
    seconds = len(clip["places"]) * clip["step_seconds"]
    axes.imshow(frames, origin="lower", aspect="auto", extent=(0, seconds, 0, len(frames)), cmap="magma")
    said = "right" if clip["right"] else f"wanted: {clip['wanted']}"
    axes.set_title(f"{clip['answer'] or '(nothing)'}   ({said}; {noise(clip)})", loc="left", fontsize=9)
    axes.set(xticks=[], yticks=[], ylabel="mel bands")


def _draw_characters(axes: "Axes", clip: Mapping[str, Any]) -> None:
    step, places = clip["step_seconds"], np.array(clip["places"])
    axes.step(step * np.arange(len(places) + 1), [*clip["blank"], clip["blank"][-1]], where="post", color=GREY, lw=0.8)
    for place, character in enumerate(clip["answer"]):
        steps = np.flatnonzero(places == place)
        start, stop = step * steps[0], step * (steps[-1] + 1)
        axes.axvspan(start, stop, color=PALETTE[0 if clip["right"] else 1], alpha=0.25, lw=0)
        axes.text((start + stop) / 2, 0.5, character.replace(" ", "\u2423"), ha="center", va="center", fontsize=9)
    axes.set(xlim=(0, step * len(places)), ylim=(0, 1.05), yticks=[0, 1], ylabel="p(blank)")
    axes.spines[["top", "right"]].set_visible(False)


def noise(clip: Mapping[str, Any]) -> str:
    """
    >>> noise({"snr_db": 10.0})
    'noise at 10 dB'
    """
    return "clean" if clip["snr_db"] is None else f"noise at {clip['snr_db']:g} dB"
