"""Agreement: `the cat , which saw the dogs near our house , was tired .`

English subject-verb agreement (Linzen, Dupoux & Goldberg 2016, arXiv:1611.01368) from a grammar whose every
probability is known. The number of the subject is a fair coin. Every other word is drawn without a look at it: the
determiners and the verbs of the relative clause have one form for both numbers, and each noun inside the clause has a
coin of its own. So given all other words, `was` and `were` are equally likely: the verb costs 0 bits
with a memory of the subject, and exactly 1 bit without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pipeline.base.errors import PipelineError
from pipeline.tasks.agreement.params import AgreementParams
from pipeline.tasks.strings import FIRST, String, ids_of
from pipeline.tokens.windows import EOS

VERBS = ("was", "were")
SINGULARS = (
    "cat dog bird horse goat farmer teacher doctor driver singer painter baker pilot student sailor guard friend "
    "lawyer actor nurse child woman man king"
).split()
PLURALS = (
    "cats dogs birds horses goats farmers teachers doctors drivers singers painters bakers pilots students sailors "
    "guards friends lawyers actors nurses children women men kings"
).split()
NOUNS = (SINGULARS, PLURALS)
MASS_NOUNS = "water music bread snow sand grass smoke wine rain milk".split()
"""Nouns that have no number to attract with."""
DETERMINERS = "the my your his her our".split()
ADVERBS = "still often soon never always once".split()
PAST_VERBS = "saw heard liked met found watched followed chased".split()
PREPOSITIONS = "near behind beside with under without".split()
PREDICATES = "tired late happy full gone ready lost here".split()
WORDS = [
    *VERBS, *SINGULARS, *PLURALS, *MASS_NOUNS, *DETERMINERS, *ADVERBS, *PAST_VERBS, *PREPOSITIONS, *PREDICATES,
    *",.", "which",
]  # fmt: skip
IDS = {word: i for i, word in enumerate(WORDS, FIRST)}
SHORTEST_CLAUSE = 6
"""Words of `, which saw the dog ,`."""


@dataclass(frozen=True)
class Agreement:
    """Sentences at these distances, and in the test at unseen ones too, with up to so many attractors."""

    lengths: Sequence[int]
    unseen_lengths: Sequence[int]
    max_attractors: int

    names = tuple(WORDS)
    separator = " "
    choices = tuple(IDS[verb] for verb in VERBS)

    def draw(self, random: Random) -> String:
        """A sentence of any distance, each as likely as the others."""
        return self.sentence(random, random.choice(self.lengths))

    def questions(self, random: Random, number: int) -> list[String]:
        """`number` sentences of each distance."""
        distances = [*self.lengths, *self.unseen_lengths]
        return [self.sentence(random, distance) for distance in distances for _ in range(number)]

    def asked(self, line: str, where: str) -> String:
        """A sentence up to its verb, such as `the cat near our house`; what follows the verb says nothing about it."""
        words = line.replace(",", " , ").split()
        if not words or {*VERBS, "."} & {*words}:
            raise PipelineError(where, "a sentence up to its verb", repr(line), "write `the cat near our house`")
        ids = [*ids_of(words, IDS, where), self.choices[0], IDS[PREDICATES[0]], IDS["."], EOS]
        return String(ids, [len(words)], max(len(words) - 2, 0))

    def sentence(self, random: Random, distance: int) -> String:
        """One sentence: the subject's number is drawn last, when every other choice is made."""
        before, subject = random.choice(DETERMINERS), random.randrange(len(SINGULARS))
        between, numbers = self._between(random, distance)
        after = random.choice(PREDICATES)
        number = random.randrange(2)
        words = [before, NOUNS[number][subject], *between, VERBS[number], after, "."]
        full = len(numbers) == self.max_attractors
        attractors = sum(other != number for other in numbers) if full else None
        return String([*(IDS[word] for word in words), EOS], [2 + distance], distance, attractors)

    def _between(self, random: Random, distance: int) -> tuple[list[str], list[int]]:
        """`distance` words, and the numbers of those of their nouns that have one.

        Prepositional phrases of three words each, inside a relative clause where it finds room; adverbs fill up.
        """
        clause = distance >= SHORTEST_CLAUSE
        phrases = (distance - 3 * clause) // 3
        numbers = {at: random.randrange(2) for at in random.sample(range(phrases), min(phrases, self.max_attractors))}
        nouns = [random.choice(NOUNS[numbers[at]] if at in numbers else MASS_NOUNS) for at in range(phrases)]
        words = [word for noun in nouns for word in (random.choice(PREPOSITIONS), random.choice(DETERMINERS), noun)]
        if clause:
            words = [",", "which", random.choice(PAST_VERBS), *words[1:], ","]
        return [*words, *random.choices(ADVERBS, k=distance % 3)], list(numbers.values())


def strings(params: AgreementParams) -> Agreement:
    """The sentences of a task's params."""
    return Agreement(params.lengths, params.unseen_lengths, params.max_attractors)
