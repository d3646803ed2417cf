"""Scores of translations: exact match, BLEU and chrF2, each with its interval.

BLEU (Papineni et al. 2002) and chrF (Popović 2015) are ratios of counts of n-grams, added up over all sentences,
so the bootstrap over sentences needs each sentence's counts. torchmetrics gives them at 10 ms a sentence, after each
update of a metric, and its chrF is not sacrebleu's (a mean of F over the orders, not F of means). So they are counted
here, as sacrebleu defines them; `signatures` are what it would print. Tests compare the scores with sacrebleu's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from pipeline.examples.measures import Measure, bootstrap, share

BLEU_ORDER, CHRF_ORDER = 4, 6
BETA = 2
"""chrF's weight of recall."""
BIN, SHORT = 5, 30
"""Lengths of a bin, and the lengths up to which bins have that size."""
ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
RULES = [
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),  # ASCII punctuation but for ' , - .
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # those two, unless between digits
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
]
"""Of NIST's mteval-v13a.pl, by way of sacrebleu's `13a`."""


def signatures(lower_case: bool) -> dict[str, str]:
    """What sacrebleu would print beside the scores, so that they can be compared with those of others."""
    case = "lc" if lower_case else "mixed"
    return {
        "bleu": f"nrefs:1|case:{case}|eff:no|tok:13a|smooth:exp",
        "chrf": f"nrefs:1|case:{case}|eff:yes|nc:{CHRF_ORDER}|nw:0|space:no",
    }


def measure(answers: Sequence[str], references: Sequence[str], lower_case: bool = False) -> dict[str, Measure]:
    """`exact` with Wilson's interval, and `bleu` and `chrf` (both 0 to 1) with that of the bootstrap over sentences.

    Args:
        lower_case: case does not count, for a network that writes lower case alone.

    >>> {name: found.value for name, found in measure(["a b c d e", "x"], ["a b c d e", "y"]).items()}["exact"]
    0.5
    """
    pairs = [tuple(_read(text, lower_case) for text in pair) for pair in zip(answers, references, strict=True)]
    return {
        "exact": share(sum(right(answers, references, lower_case)), len(pairs)),
        "bleu": bootstrap([bleu_counts(*pair) for pair in pairs], bleu),
        "chrf": bootstrap([chrf_counts(*pair) for pair in pairs], chrf),
    }


def right(answers: Sequence[str], references: Sequence[str], lower_case: bool = False) -> list[bool]:
    """Whether each answer is its reference, but for white space.

    >>> right(["a  b", "c"], ["a b", "d"])
    [True, False]
    """
    pairs = zip(answers, references, strict=True)
    return [_read(answer, lower_case) == _read(reference, lower_case) for answer, reference in pairs]


def rows_by_length(
    lengths: Sequence[int], answers: Sequence[str], references: Sequence[str], lower_case: bool = False
) -> list[dict[str, Any]]:
    """The scores of the pairs of each bin of lengths of the source: the rows of a table `length`."""
    return rows_by("length", [length_bin(n) for n in lengths], answers, references, lower_case, _lower_end)


def length_bin(length: int) -> str:
    """The bin of a length: fives up to 30, from there they double.

    >>> [length_bin(n) for n in (1, 5, 6, 30, 31, 60, 61)]
    ['1-5', '1-5', '6-10', '26-30', '31-60', '31-60', '61-120']
    """
    if length <= SHORT:
        first = (length - 1) // BIN * BIN
        return f"{first + 1}-{first + BIN}"
    top = SHORT << ((length - 1) // SHORT).bit_length()
    return f"{top // 2 + 1}-{top}"


def _lower_end(name: str) -> int:
    return int(name.partition("-")[0])


def rows_by(
    key: str,
    values: Sequence[Any],
    answers: Sequence[str],
    references: Sequence[str],
    lower_case: bool = False,
    order: Any = None,
) -> list[dict[str, Any]]:
    """The scores of the pairs with each value of `key`, with their intervals; rising, or by `order`."""
    groups: dict[Any, list[int]] = {}
    for i, value in enumerate(values):
        groups.setdefault(value, []).append(i)
    return [
        {key: value, "n": len(groups[value]), **_columns(groups[value], answers, references, lower_case)}
        for value in sorted(groups, key=order)
    ]


def _columns(kept: Sequence[int], answers: Sequence[str], references: Sequence[str], lower: bool) -> dict[str, float]:
    found = measure([answers[i] for i in kept], [references[i] for i in kept], lower)
    return {
        f"{name}{end}": value
        for name, of in found.items()
        for end, value in (("", of.value), ("_low", of.low), ("_high", of.high))
    }


def _read(text: str, lower_case: bool) -> str:
    return " ".join((text.lower() if lower_case else text).split())


def tokens_13a(text: str) -> list[str]:
    """The tokens that BLEU counts.

    >>> tokens_13a("Mr. O'Neil's 2,000-odd dogs (all) ran.")
    ['Mr', '.', "O'Neil's", '2,000', '-', 'odd', 'dogs', '(', 'all', ')', 'ran', '.']
    """
    text = text.replace("<skipped>", "")
    for entity, character in ENTITIES.items():
        text = text.replace(entity, character)
    text = f" {text} "
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return text.split()


def bleu_counts(answer: str, reference: str) -> list[int]:
    """Tokens of both, and for n = 1 to 4 the n-grams of the answer that are right, and all of them."""
    answered, wanted = tokens_13a(answer), tokens_13a(reference)
    counts = [len(answered), len(wanted)]
    for n in range(1, BLEU_ORDER + 1):
        found = _ngrams(answered, n)
        counts += [(found & _ngrams(wanted, n)).total(), found.total()]
    return counts


def bleu(sums: Float[np.ndarray, " K"]) -> float:
    """BLEU from sums of `bleu_counts`: the geometric mean of the precisions, less for answers that are too short.

    An order without a right n-gram counts as 1/2, the next such as 1/4 of one (sacrebleu's `smooth:exp`).
    """
    answered, wanted, both, total = sums[0], sums[1], sums[2::2].copy(), sums[3::2]
    if not both.any() or not total.all():
        return 0.0
    missed = both == 0
    both[missed] = 0.5 ** np.arange(1, missed.sum() + 1)
    return float(np.exp(np.log(both / total).mean() + min(0.0, 1 - wanted / answered)))


def chrf_counts(answer: str, reference: str) -> list[int]:
    """For n = 1 to 6 the n-grams of characters of the answer, of the reference, and those in both; no white space."""
    answered, wanted = "".join(answer.split()), "".join(reference.split())
    counts = []
    for n in range(1, CHRF_ORDER + 1):
        found, needed = _ngrams(answered, n), _ngrams(wanted, n)
        counts += [found.total() if needed else 0, needed.total(), (found & needed).total()]
    return counts


def chrf(sums: Float[np.ndarray, " K"]) -> float:
    """chrF2 from sums of `chrf_counts`: F of precision and recall, each the mean over the orders that both have."""
    found, wanted, both = sums[0::3], sums[1::3], sums[2::3]
    there = (found > 0) & (wanted > 0)
    if not both[there].any():
        return 0.0
    precision, recall = (both[there] / found[there]).mean(), (both[there] / wanted[there]).mean()
    return float((1 + BETA**2) * precision * recall / (BETA**2 * precision + recall))


def _ngrams(tokens: Sequence[str], n: int) -> Counter[Any]:
    """How often each run of n tokens, or characters of a string, occurs."""
    runs: Iterable[Any] = zip(*(tokens[i:] for i in range(n)), strict=False)
    return Counter(runs)
