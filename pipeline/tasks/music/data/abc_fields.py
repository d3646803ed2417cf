"""Fields of ABC notation that say how notes are read: metre, unit length and key."""

import re
from fractions import Fraction

from pipeline.base.errors import CorpusError
from pipeline.tasks.music.data.keys import sharps_of, signature_of

METRES = {"C": "4/4", "C|": "2/2"}
MODES = {"maj": "", "ion": "", "": "", "min": "m", "aeo": "m", "m": "m", "dor": "dor", "phr": "phr", "lyd": "lyd"}
MODES |= {"mix": "mix", "loc": "loc"}
PIPES = "D"
"""The key that highland pipes are written in: K:HP says it without a signature, K:Hp with one."""
KEY = re.compile(r"([A-G][#b]?)\s*(?![a-z]{4,}=)([A-Za-z]*)(.*)")
ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
OWN = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
"""An accidental that a key signature has beside those of its mode."""

Key = tuple[str, dict[str, int]]
"""Its name, and the semitones by which its signature raises letters."""


def metre_of(value: str, where: str) -> str:
    """
    >>> metre_of("C|", ""), metre_of("6/8", "")
    ('2/2', '6/8')

    Raises:
        CorpusError: where it is no metre.
    """
    metre = METRES.get(value, value)
    if not re.fullmatch(r"[1-9]\d?/(?:1|2|4|8|16|32)", metre):
        raise CorpusError(where, "M: names a metre, as M:6/8", repr(value), "correct it")
    return metre


def unit_of(value: str, where: str) -> Fraction:
    """The length of a note without a number, as a part of a whole note.

    Raises:
        CorpusError: where it is no length.
    """
    if not re.fullmatch(r"1(?:/(?:1|2|4|8|16|32|64))?", value):
        raise CorpusError(where, "L: names a length, as L:1/8", repr(value), "correct it")
    return Fraction(value)


def unit_in(metre: str) -> Fraction:
    """The same where no field says it.

    >>> unit_in("2/4"), unit_in("6/8")
    (Fraction(1, 16), Fraction(1, 8))
    """
    return Fraction(1, 16) if Fraction(metre) < Fraction(3, 4) else Fraction(1, 8)


def key_of(value: str, where: str) -> Key:
    """
    The case of a mode says nothing.

    >>> key_of("D", ""), key_of("A Minor", ""), key_of("Dmix ^c", "")
    (('D', {'F': 1, 'C': 1}), ('Am', {}), ('Dmix', {'F': 1, 'C': 1}))

    Raises:
        CorpusError: where it is no key.
    """
    if value in ("", "none"):
        return "C", {}
    if value in ("HP", "Hp"):
        return PIPES, {} if value == "HP" else signature_of(PIPES)
    tonic, mode, rest = found.groups() if (found := KEY.match(value)) else ("", "", "")
    name = MODES.get(mode.lower()[:3])
    if not tonic or name is None or abs(sharps_of(tonic + name)) > 7:
        raise CorpusError(where, "K: names a key, as K:D, K:Em or K:Ador", repr(value), "correct it")
    own = {letter.upper(): ACCIDENTALS[sign] for sign, letter in OWN.findall(rest)}
    return tonic + name, signature_of(tonic + name) | own
