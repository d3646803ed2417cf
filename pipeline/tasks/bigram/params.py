"""Section of params.yaml: how the next character is learned from one."""

from pipeline.base.params import Count
from pipeline.tasks.params import TaskParams


class BigramParams(TaskParams):
    """The next character from this one alone."""

    train_pairs: Count
    """Training examples: all pairs of paragraphs drawn at random, until there are so many."""
    test_pairs: Count
    """Validation examples, and as many test examples, drawn in the same way."""


PARAMS = BigramParams
