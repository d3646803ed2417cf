"""What the report says of the task."""

from pipeline.memory.words import Words

WORDS = Words(
    title="Adding two numbers",
    asked=(
        "A row of numbers between 0 and 1 of which two are marked; their sum is asked at the end. A model that has "
        "forgotten them can only answer 1, the mean of all sums. An answer is right within 0.04."
    ),
    distance="steps",
)
