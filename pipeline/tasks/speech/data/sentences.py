"""What the generated clips say: numbers, times of day and commands, in words."""

from collections.abc import Sequence

import numpy as np

from pipeline.text.splits import text_share

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
HOURS = (*DIGITS[1:], *TEENS[:3])
SEED = 1


def number(n: int) -> str:
    """A number below 100.

    >>> number(7), number(40), number(85)
    ('seven', 'forty', 'eighty five')
    """
    if n < 20:
        return (DIGITS + TEENS)[n]
    tens = TENS[n // 10 - 2]
    return tens if n % 10 == 0 else f"{tens} {DIGITS[n % 10]}"


NUMBERS = [
    *map(number, range(100)),
    *(f"{a} {b}" for a in DIGITS for b in DIGITS),
    *(f"{a} {b} {c}" for a in DIGITS for b in DIGITS for c in DIGITS),
]
TIMES = [
    *(f"{hour} o'clock" for hour in HOURS),
    *(f"half past {hour}" for hour in HOURS),
    *(
        f"{minutes} {side} {hour}"
        for minutes in ("five", "ten", "quarter", "twenty")
        for side in ("past", "to")
        for hour in HOURS
    ),
    *(f"{hour} {number(minute)}" for hour in HOURS for minute in range(13, 60)),
]
COMMANDS = [
    *(f"turn {side} {thing} {n}" for side in ("on", "off") for thing in ("lamp", "radio", "fan") for n in DIGITS),
    *(f"{what} {thing} {n}" for what in ("open", "close") for thing in ("door", "window") for n in DIGITS),
]
OF_KINDS = (NUMBERS, TIMES, COMMANDS)


def texts_of(low: float, high: float) -> list[Sequence[str]]:
    """Of each kind the texts whose hash is a share from `low` to `high`: no text is in two parts.

    >>> [len(texts) for texts in texts_of(0.0, 1.0)]
    [1200, 684, 100]
    """
    return [[text for text in texts if low <= text_share(text, SEED) < high] for texts in OF_KINDS]


def drawn(kinds: Sequence[Sequence[str]], rng: np.random.Generator) -> str:
    """A text: the kinds are equally frequent, and so are the texts of a kind."""
    texts = kinds[int(rng.integers(len(kinds)))]
    return texts[int(rng.integers(len(texts)))]
