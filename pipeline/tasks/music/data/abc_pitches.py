"""Which key a note of ABC notation is: letter, octave, and accidentals."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from pipeline.tasks.music.data.abc_fields import ACCIDENTALS
from pipeline.tasks.music.data.abc_rhythm import length_of
from pipeline.tasks.music.data.keys import LETTERS

LENGTH = r"(?:[1-9]\d*)?/*(?:[1-9]\d*)?"
NOTE = re.compile(rf"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*{LENGTH}")
PARTS = re.compile(rf"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)({LENGTH})")


@dataclass
class Pitches:
    """What the pitch of the next note depends on."""

    signature: dict[str, int]
    accidentals: dict[int, int] = field(default_factory=dict)
    """Of this bar, by the MIDI number of the note without them: they hold in their octave alone."""

    def read(self, text: str) -> tuple[int, Fraction]:
        """The MIDI number of a note, and its length in units.

        >>> Pitches({"F": 1}).read("f,3/2")
        (66, Fraction(3, 2))
        """
        found = PARTS.fullmatch(text)
        assert found is not None, "a note"
        sign, letter, octaves, length = found.groups()
        octave = letter.islower() + octaves.count("'") - octaves.count(",")
        natural = 60 + LETTERS[letter.upper()] + 12 * octave
        if sign:
            self.accidentals[natural] = ACCIDENTALS[sign]
        raised = self.accidentals.get(natural, self.signature.get(letter.upper(), 0))
        return natural + raised, length_of(length)
