"""Minimal pairs: does a trained network prefer a good sentence to a bad one?

Each sentence is one unit, from x1 = 0 and a0 = 0 to EOS; a pair is answered right where ln p(good, EOS) is greater
than ln p(bad, EOS), as in BLiMP (Warstadt et al. 2020, TACL 8) and Linzen et al. 2016 (TACL 4). A cloze model compares
pseudo-log-likelihoods instead (Salazar et al. 2020, ACL). UNK stands for every word that the vocabulary lacks, so a
pair that holds one is counted apart; and so is a pair whose two sentences are the same tokens.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float64

from pipeline.base.errors import PipelineError, ProblemsError
from pipeline.base.metrics import wilson
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import Network
from pipeline.text.utf8 import read_text
from pipeline.tokens.units import lines_of, normalize
from pipeline.tokens.vocabulary import Vocabulary
from pipeline.tokens.windows import IGNORED, Window, unit_bounds, unit_window

EOS, UNK = Vocabulary.EOS, Vocabulary.UNK
HEADER = ["good", "bad", "group"]
KEYS = ("good", "bad"), ("sentence_good", "sentence_bad")
"""Of a line of JSON; the second two are BLiMP's."""
BATCH_SIZE = 32
"""Sentences scored at a time; more take memory (V numbers a token) and gain no speed."""
TIE = 1e-6
"""Two sums that differ by less than this part of themselves are equal: 32-bit weights tell no more."""
SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Pair:
    """Two sentences that differ in one thing, which makes one of them wrong."""

    good: str
    bad: str
    group: str | None = None
    """What the pair tests."""


class PairsError(ProblemsError):
    """The malformed lines of a file of pairs."""

    def __init__(self, problems: list[str]) -> None:
        more = len(problems) - SHOWN_PROBLEMS
        super().__init__([*problems[:SHOWN_PROBLEMS], *[f"... and {more} more"] * (more > 0)])


@dataclass(frozen=True)
class Share:
    """How many pairs of a kind were answered right."""

    pairs: int
    correct: float
    """A tie counts half."""

    @property
    def accuracy(self) -> float | None:
        """None where there is no pair."""
        return self.correct / self.pairs if self.pairs else None

    @property
    def interval(self) -> tuple[float, float]:
        """The accuracy's 95 % interval (Wilson 1927)."""
        return wilson(self.correct, self.pairs)


@dataclass(frozen=True)
class Comparison:
    """All pairs under one network."""

    covered: Share
    """Pairs of known words that differ in some token: the main figure."""
    groups: dict[str, Share]
    """The same by group, in the order of the file."""
    unknown: Share
    """Pairs that hold an unknown word, but differ."""
    num_indistinguishable: int
    """Pairs whose sentences have the same tokens."""
    num_ties: int
    """Among the covered."""
    is_pseudo: bool
    """From a cloze model."""

    @property
    def num_pairs(self) -> int:
        """All of them."""
        return self.covered.pairs + self.unknown.pairs + self.num_indistinguishable


def compare(bundle: LanguageBundle, pairs: Sequence[Pair]) -> Comparison:
    """Whether the bundle's network prefers the good sentence of each pair."""
    good, bad = (
        bundle.vocabulary.encode_each([normalize(text) for text in texts])
        for texts in ([pair.good for pair in pairs], [pair.bad for pair in pairs])
    )
    sums = unit_log_probabilities(bundle.network, good + bad)
    correct = credit(sums[: len(pairs)], sums[len(pairs) :])
    differ = np.array([one != other for one, other in zip(good, bad, strict=True)])
    known = np.array([UNK not in one + other for one, other in zip(good, bad, strict=True)])
    return Comparison(
        _share(correct, differ & known),
        _by_group(correct, differ & known, [pair.group for pair in pairs]),
        _share(correct, differ & ~known),
        int((~differ).sum()),
        int((correct[differ & known] == 0.5).sum()),
        bundle.network.predicts == "missing",
    )


def credit(good: Float64[np.ndarray, " N"], bad: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
    """1 where the good sum is greater, 0 where it is less, a half where they tie.

    >>> credit(np.array([-1.0, -2.0, -3.0]), np.array([-2.0, -1.0, -3.0000001])).tolist()
    [1.0, 0.0, 0.5]
    """
    return np.where(np.isclose(good, bad, rtol=TIE, atol=0.0), 0.5, (good > bad).astype(np.float64))


@torch.inference_mode()
def unit_log_probabilities(network: Network, units: Sequence[Sequence[int]]) -> Float64[np.ndarray, " N"]:
    """ln p(unit, EOS) of each, in nats, or its pseudo-log-likelihood; units of similar length share a batch.

    Args:
        units: ids without their EOS.
    """
    ids = np.concatenate([np.array([*unit, EOS], np.uint32) for unit in units])
    bounds = unit_bounds(ids, longest=len(ids))
    by_length = (bounds[:, 1] - bounds[:, 0]).argsort(kind="stable")
    sums = np.empty(len(units))
    for i in range(0, len(units), BATCH_SIZE):
        batch = by_length[i : i + BATCH_SIZE]
        sums[batch] = _lane_sums(network, unit_window(ids, bounds[batch], network.begin_id))
    return sums


def _lane_sums(network: Network, window: Window) -> Float64[np.ndarray, " B"]:
    """The sum of ln p(target) in each lane; padded steps add nothing."""
    inputs, targets = torch.from_numpy(window.inputs), torch.from_numpy(window.targets)
    logits, _ = network.window_logits(inputs, targets)
    of_targets = logits.gather(-1, targets.clamp(min=0)[..., None]).squeeze(-1)  # (B, T)
    log_p = of_targets.double() - logits.double().logsumexp(-1)
    return log_p.masked_fill(targets == IGNORED, 0.0).sum(1).numpy()


def _share(correct: Float64[np.ndarray, " N"], chosen: Bool[np.ndarray, " N"]) -> Share:
    return Share(int(chosen.sum()), float(correct[chosen].sum()))


def _by_group(
    correct: Float64[np.ndarray, " N"], chosen: Bool[np.ndarray, " N"], groups: Sequence[str | None]
) -> dict[str, Share]:
    names = [name for name in dict.fromkeys(groups) if name is not None]
    return {name: _share(correct, chosen & np.array([group == name for group in groups])) for name in names}


def read_pairs(file: Path, group_key: str | None = None) -> list[Pair]:
    """The pairs of a file, one a line: .tsv (good, bad, and maybe group, between tabs) or .jsonl (the same keys).

    Args:
        group_key: the key of a .jsonl file that holds the group, in place of `group`; then each line must have it.

    Raises:
        PipelineError: where the file cannot be read, or has no pairs.
        PairsError: where lines are malformed, or some have a group and others have none.
    """
    if file.suffix not in (".tsv", ".jsonl") or (file.suffix == ".tsv" and group_key):
        rule = "pairs come as .tsv, or as .jsonl, which alone has keys to choose the group by"
        raise PipelineError(str(file), rule, file.name, "convert the file, or leave --group out")
    lines = list(enumerate(lines_of(normalize(read_text(file))), start=1))
    if file.suffix == ".tsv" and lines and lines[0][1].split("\t") in (HEADER, HEADER[:2]):
        del lines[0]
    if not lines:
        raise PipelineError(str(file), "at least one pair", "none", "write a good and a bad sentence on each line")
    return _well_formed(file, lines, group_key)


def _well_formed(file: Path, lines: Sequence[tuple[int, str]], group_key: str | None) -> list[Pair]:
    """The pair of each line, or a PairsError that lists all that is wrong with them."""
    pairs: list[Pair] = []
    problems: list[str] = []
    for number, line in lines:
        where = f"{file}: line {number}"
        try:
            pair = _tsv_pair(where, line) if file.suffix == ".tsv" else _json_pair(where, line, group_key)
            if pairs and (pair.group is None) != (pairs[0].group is None):
                got = "none" if pair.group is None else repr(pair.group)
                raise PipelineError(where, "every pair has a group, or none has", got, "mend the line")
            pairs.append(pair)
        except PipelineError as error:
            problems.append(str(error))
    if problems:
        raise PairsError(problems)
    return pairs


def _tsv_pair(where: str, line: str) -> Pair:
    fields = line.split("\t")
    if len(fields) not in (2, 3):
        got = f"{len(fields)} fields"
        raise PipelineError(where, "good TAB bad, or good TAB bad TAB group", got, "mend the line")
    return Pair(*(_text(where, name, value) for name, value in zip(HEADER, fields, strict=False)))


def _json_pair(where: str, line: str, group_key: str | None) -> Pair:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise PipelineError(where, "a line of JSON", error, "mend the line") from None
    keys = next((keys for keys in KEYS if isinstance(row, dict) and set(keys) <= row.keys()), None)
    if keys is None:
        rule = "an object with the keys " + ", or ".join(" and ".join(keys) for keys in KEYS)
        got = f"the keys {', '.join(row)}" if isinstance(row, dict) else line
        raise PipelineError(where, rule, got, "mend the line")
    wanted = [*keys, group_key] if group_key else [*keys, *({"group"} & row.keys())]
    return Pair(*(_text(where, key, row.get(key)) for key in wanted))


def _text(where: str, name: str, value: object) -> str:
    """A sentence or a group's name; half of a surrogate pair, which JSON can hold, is no text."""
    if not isinstance(value, str) or not value.strip() or any("\ud800" <= c <= "\udfff" for c in value):
        raise PipelineError(where, f"{name} is text, and not empty", repr(value), "mend the line")
    return value
