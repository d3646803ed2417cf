"""What the report says of each task."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What is said of one task."""

    title: str
    asked: str
    """What has to be remembered, and what a model answers that has forgotten it."""
    distance: str
    """What lies between what is to be remembered and the answer, in the plural."""


WORDS: Mapping[str, Words] = {
    "agreement": Words(
        title="Agreement: was or were",
        asked=(
            "The number of a subject decides a verb many words later; no word in between tells it. A model that has "
            "forgotten the subject can only toss a coin. Attractors are nouns of the other number in between: where "
            "they cost more than distance does, the model confuses rather than forgets."
        ),
        distance="words",
    ),
    "copying": Words(
        title="Copying symbols",
        asked=(
            "Random symbols, many blanks, and the same symbols again. A model that has forgotten them can only guess "
            "one of the alphabet."
        ),
        distance="blanks",
    ),
    "adding": Words(
        title="Adding two numbers",
        asked=(
            "A row of numbers between 0 and 1 of which two are marked; their sum is asked at the end. A model that has "
            "forgotten them can only answer 1, the mean of all sums. An answer is right within 0.04."
        ),
        distance="steps",
    ),
    "reber": Words(
        title="Embedded Reber strings",
        asked=(
            "A string of a small grammar whose second symbol comes again as the last but one. A model that has "
            "forgotten it can only toss a coin."
        ),
        distance="symbols",
    ),
}
