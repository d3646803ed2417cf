"""Clips: moving digits that are drawn, or files."""

from pipeline.examples.sets import Examples
from pipeline.tasks.source import Baseline, Source
from pipeline.tasks.video.data.baselines import baselines_of_clips
from pipeline.tasks.video.data.digits import drawn
from pipeline.tasks.video.data.figures import examples_figure
from pipeline.tasks.video.data.files import read_clips
from pipeline.tasks.video.data.frame_baselines import baselines_of_frames
from pipeline.tasks.video.data.splits import examples_of
from pipeline.tasks.video.params import VideoParams


def _read(params: VideoParams) -> Examples:
    return drawn(params) if params.path is None else examples_of(read_clips(params), params)


def _baselines(params: VideoParams, examples: Examples) -> list[Baseline]:
    return baselines_of_frames(examples) if params.labels == "frames" else baselines_of_clips(examples)


SOURCE = Source(_read, _baselines, examples_figure)
