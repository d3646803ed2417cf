"""Dates as people write them in several languages (Unicode's CLDR, from the package Babel), and their ISO form.

A format is a language and one of CLDR's patterns. Some formats are in the test split alone. Their order and the names
of their months are those of other formats; the weekdays of some (ru, ja) are new, and say nothing that is needed.
Days are drawn; each goes to the split that the hash of its ISO form says, whatever its format, so no day is in two
splits. A date such as 5/3/26, which is another day for a reader in another country, is left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from babel.dates import format_date, format_skeleton

from pipeline.examples.pairs import Pair
from pipeline.examples.splits import split_of
from pipeline.text.params import HashSplit
from pipeline.tokens.batches import SPLITS
from pipeline.tokens.units import normalize

FIRST, LAST = date(2000, 1, 1), date(2029, 12, 31)
"""Less than a century: a year of two digits has one meaning."""
LENGTHS = ("short", "medium", "long", "full")
"""Names of CLDR's patterns; the others are skeletons, which say what is shown and not in which order."""
SEEN = {
    "en_US": ("short", "medium", "full"),
    "en_GB": ("short", "medium", "long"),
    "de": ("short", "medium", "long", "full"),
    "es": ("short", "long", "full"),
    "ru": ("short", "medium", "long"),
    "ja": ("short", "long"),
}
UNSEEN = {
    "en_US": ("long",),
    "en_GB": ("full",),
    "de": ("yMMMEd",),
    "es": ("medium",),
    "ru": ("full",),
    "ja": ("full",),
}
SLASHES = re.compile(r"(\d\d?)/(\d\d?)/\d+")


@dataclass(frozen=True)
class Format:
    """One of CLDR's patterns in one language."""

    language: str
    pattern: str
    seen: bool
    """In training."""

    def written(self, day: date) -> str:
        """The day as the format has it.

        >>> Format("de", "full", True).written(date(2026, 11, 27)), Format("ja", "long", True).written(FIRST)
        ('Freitag, 27. November 2026', '2000年1月1日')
        """
        if self.pattern in LENGTHS:
            return normalize(format_date(day, self.pattern, self.language))  # pyright: ignore[reportArgumentType]
        return normalize(format_skeleton(self.pattern, day, locale=self.language))


FORMATS = [
    Format(language, pattern, seen)
    for seen, table in ((True, SEEN), (False, UNSEEN))
    for language, patterns in table.items()
    for pattern in patterns
]


def is_ambiguous(text: str) -> bool:
    """Whether day and month can be taken for each other: some countries write the one first, some the other.

    >>> [is_ambiguous(text) for text in ("5/3/26", "27/3/26", "5/5/26", "2026/03/05", "05.03.26")]
    [True, False, False, False, False]
    """
    found = SLASHES.fullmatch(text)
    return found is not None and found[1] != found[2] and max(int(found[1]), int(found[2])) <= 12


def date_pairs(number: int, split: HashSplit) -> dict[str, list[Pair]]:
    """So many different pairs in three splits, the same for equal arguments."""
    dealt: dict[str, list[Pair]] = {name: [] for name in SPLITS}
    found: set[str] = set()
    for day, share in _days():
        name = split_of(day.isoformat(), split)
        form = _chosen([form for form in FORMATS if form.seen or name == "test"], share)
        source = form.written(day)
        if source not in found and not is_ambiguous(source):
            found.add(source)
            dealt[name].append(_pair(source, day, form))
        if len(found) == number:
            return dealt
    raise AssertionError("days never end")


def _days() -> Iterator[tuple[date, float]]:
    """Days, each with a number in [0, 1) that chooses its format."""
    random, days = Random("dates"), (LAST - FIRST).days + 1
    while True:
        yield FIRST + timedelta(random.randrange(days)), random.random()


def _chosen(formats: list[Format], share: float) -> Format:
    return formats[int(share * len(formats))]


def _pair(source: str, day: date, form: Format) -> Pair:
    notes: Mapping[str, str | bool] = {
        "language": form.language,
        "format": f"{form.language} {form.pattern}",
        "seen": form.seen,
    }
    return Pair(source, day.isoformat(), f"day {day}", notes)
