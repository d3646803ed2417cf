"""Keys: the notes of their scales, and what they are called."""

import re
from collections.abc import Mapping

LETTERS: Mapping[str, int] = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones above C."""
ACCIDENTALS: Mapping[str, int] = {"": 0, "#": 1, "b": -1}
TONICS: Mapping[str, int] = {
    letter + sign: (semitones + raised) % 12
    for letter, semitones in LETTERS.items()
    for sign, raised in ACCIDENTALS.items()
}
"""Semitones above C of each, some of them equal."""
FIFTHS = "FCGDAEB"
"""The letters in the order in which they become sharp; from behind, flat."""
MODES: Mapping[str, int] = {"": 0, "m": -3, "dor": -2, "phr": -4, "lyd": 1, "mix": -1, "loc": -5}
"""Sharps more than the major key of the same tonic has."""
KEY = re.compile(r"([A-G][#b]?)(|m|dor|phr|lyd|mix|loc)")
MAJOR = (0, 2, 4, 5, 7, 9, 11)


def sharps_of(key: str) -> int:
    """Sharps of the key signature; flats count below zero.

    >>> [sharps_of(key) for key in ("C", "A", "Bb", "Em", "Ador", "Dmix")]
    [0, 3, -2, 1, 1, 1]
    """
    tonic, mode = _parts(key)
    return FIFTHS.index(tonic[0]) - 1 + 7 * ACCIDENTALS[tonic[1:]] + MODES[mode]


def signature_of(key: str) -> dict[str, int]:
    """The letters that the key signature raises or lowers.

    >>> signature_of("D"), signature_of("Gm")
    ({'F': 1, 'C': 1}, {'B': -1, 'E': -1})
    """
    sharps = sharps_of(key)
    letters = FIFTHS[:sharps] if sharps > 0 else FIFTHS[::-1][:-sharps]
    return {letter: 1 if sharps > 0 else -1 for letter in letters}


def scale_of(key: str) -> frozenset[int]:
    """The seven notes of the scale as semitones above C.

    >>> sorted(scale_of("G")) == sorted(scale_of("Em")) == [0, 2, 4, 6, 7, 9, 11]
    True
    """
    tonic, mode = _parts(key)
    return frozenset((TONICS[tonic] + 7 * MODES[mode] + step) % 12 for step in MAJOR)


def moved(key: str, semitones: int) -> str:
    """The same mode on a tonic that is so many semitones higher, of equal ones that with the fewest sharps or flats.

    >>> moved("D", 2), moved("Em", -3), moved("Bbmix", 0)
    ('E', 'C#m', 'Bbmix')
    """
    tonic, mode = _parts(key)
    wanted = (TONICS[tonic] + semitones) % 12
    names = [name + mode for name, place in TONICS.items() if place == wanted]
    return key if semitones % 12 == 0 else min(names, key=lambda name: abs(sharps_of(name)))


def _parts(key: str) -> tuple[str, str]:
    """Tonic and mode."""
    found = KEY.fullmatch(key)
    assert found is not None, f"{key!r} is no key"
    tonic, mode = found.groups()
    return tonic, mode
