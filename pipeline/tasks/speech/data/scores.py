"""Word and character error rates, with intervals over clips."""

from collections.abc import Mapping, Sequence

from pipeline.examples.edits import num_edits
from pipeline.examples.measures import Measure, bootstrap


def error_rate(answers: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Measure:
    """Edits of all clips over elements of all references, divided once: the mean of the clips' rates is another number.

    It exceeds 1 where more is inserted than was said.

    >>> error_rate([["one"], ["two", "too"]], [["one", "nine"], ["two"]]).value
    0.6666666666666666
    """
    counts = [(num_edits(a, r), len(r)) for a, r in zip(answers, references, strict=True)]
    return bootstrap(counts, lambda sums: float(sums[0] / sums[1]))


def measure(answers: Sequence[str], references: Sequence[str]) -> Mapping[str, Measure]:
    """`wer`, of words between spaces, and `cer`, whose characters count the spaces between words."""
    words = error_rate([text.split() for text in answers], [text.split() for text in references])
    return {"wer": words, "cer": error_rate(answers, references)}
