"""What the report says of the task."""

from pipeline.memory.words import Words

WORDS = Words(
    title="Agreement: was or were",
    asked=(
        "The number of a subject decides a verb many words later; no word in between tells it. A model that has "
        "forgotten the subject can only toss a coin. Attractors are nouns of the other number in between: where "
        "they cost more than distance does, the model confuses rather than forgets."
    ),
    distance="words",
)
