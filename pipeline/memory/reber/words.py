"""What the report says of the task."""

from pipeline.memory.words import Words

WORDS = Words(
    title="Embedded Reber strings",
    asked=(
        "A string of a small grammar whose second symbol comes again as the last but one. A model that has "
        "forgotten it can only toss a coin."
    ),
    distance="symbols",
)
