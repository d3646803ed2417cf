"""What the report says of the task."""

from pipeline.memory.words import Words

WORDS = Words(
    title="Copying symbols",
    asked=(
        "Random symbols, many blanks, and the same symbols again. A model that has forgotten them can only guess "
        "one of the alphabet."
    ),
    distance="blanks",
)
