"""The handwritten digits that come with scikit-learn, and classifiers of whole images."""

from pipeline.tasks.sequential_digits.data.baselines import baselines
from pipeline.tasks.sequential_digits.data.images import examples_figure, read
from pipeline.tasks.source import Source

SOURCE = Source(read=read, baselines=baselines, figure=lambda params, examples: examples_figure(examples))
