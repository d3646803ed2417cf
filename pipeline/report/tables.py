"""The rows of the report's tables: numbers only, in the order in which they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.report.collect import LevelResults, ModelResults, Results
from pipeline.report.estimates import Estimate

SCORED_SPLITS = ("validation", "test")
RANKED_BY = "test/bits_per_char"

Kind = Literal["network", "mixture", "n-gram", "compressor", "cloze"]


@dataclass(frozen=True)
class ScoreRow:
    """One line of a table of scores."""

    name: str
    kind: Kind
    shape: str
    """A network's cell, layers and hidden size; empty for the floor."""
    numbers: Mapping[str, Estimate]
    """parameters, validation/bits_per_char, ...; what a row has no value for has no key."""
    is_best_order: bool = False

    def __getitem__(self, key: str) -> Estimate | None:
        """The number, or None where this row has none."""
        return self.numbers.get(key)


def scores(level: LevelResults) -> list[ScoreRow]:
    """Language models, their mixtures and the floor in one table, the best on the test text first."""
    networks = [_network(model, "network") for model in level.language_models]
    return sorted([*networks, *_mixtures(level), *_floor(level)], key=lambda row: row.numbers[RANKED_BY].mean)


def cloze_scores(level: LevelResults) -> list[ScoreRow]:
    """Models that see both sides, in a table of their own: a pseudo-perplexity is no perplexity."""
    return sorted((_network(m, "cloze") for m in level.cloze_models), key=lambda row: row.numbers[RANKED_BY].mean)


def _network(model: ModelResults, kind: Kind) -> ScoreRow:
    cell, layers, size = (model.params[f"model.{key}"] for key in ("cell", "num_layers", "hidden_size"))
    return ScoreRow(model.name, kind, f"{cell} {layers} x {size}", model.numbers("train"))


def _mixtures(level: LevelResults) -> list[ScoreRow]:
    ngram = level.best_order["name"]
    return [ScoreRow(f"{model.name} + {ngram}", "mixture", "", model.mixture) for model in level.language_models]


def _floor(level: LevelResults) -> list[ScoreRow]:
    best = level.best_order["name"]
    rows = []
    for row in level.floor:
        kind: Kind = "n-gram" if "order" in row else "compressor"
        rows.append(ScoreRow(row["name"], kind, "", _exact(row), is_best_order=row["name"] == best))
    return rows


def _exact(row: Mapping[str, Any]) -> dict[str, Estimate]:
    """A floor row's numbers: no seed, no interval.

    >>> _exact({"name": "bz2", "test": {"bits_per_char": 2.5}})
    {'test/bits_per_char': Estimate(mean=2.5, half_width=None, seeds=1)}
    """
    return {
        f"{split}/{key}": Estimate(value, None, 1)
        for split in SCORED_SPLITS
        for key, value in row.get(split, {}).items()
        if value is not None
    }


@dataclass(frozen=True)
class LevelRow:
    """What cutting the text in this way does to it."""

    level: str
    scheme: str
    vocabulary_size: int
    tokens: int
    """Of the training text."""
    tokens_per_unit: float
    chars_per_token: float
    unknown_rate: float
    """Share of the test text's tokens that the vocabulary lacks."""


def levels_compared(results: Results) -> list[LevelRow]:
    """One row a level: sequence length, unknown rate, vocabulary size."""
    return [_level_row(level) for level in results.levels]


def _level_row(level: LevelResults) -> LevelRow:
    train, test = level.vocabulary["splits"]["train"], level.vocabulary["splits"]["test"]
    return LevelRow(
        level.level,
        level.tokenization["scheme"],
        level.vocabulary["size"],
        train["tokens"],
        train["tokens"] / train["units"],
        train["characters"] / train["tokens"],
        test["unknown"] / test["tokens"],
    )


@dataclass(frozen=True)
class CostRow:
    """One language model at all levels: what it pays and what it costs."""

    model: str
    bits_per_char: Mapping[str, Estimate]
    multiply_adds_per_char: Mapping[str, float]


def costs_compared(results: Results) -> list[CostRow]:
    """One row a language model, its numbers by level."""
    names = [model.name for model in results.levels[0].language_models]
    return [_cost_row(name, results.levels) for name in names]


def _cost_row(name: str, levels: Sequence[LevelResults]) -> CostRow:
    at = {level.level: next(model for model in level.models if model.name == name) for level in levels}
    bits = {level: model.numbers("train")[RANKED_BY] for level, model in at.items()}
    costs = {level.level: multiply_adds_per_char(at[level.level], level.vocabulary) for level in levels}
    return CostRow(name, bits, costs)


def multiply_adds_per_char(model: ModelResults, vocabulary: Mapping[str, Any]) -> float:
    """Weights used to predict one character of the test text: one multiply-add each, tokens per character times.

    The look-up of an embedding multiplies nothing, so its V rows of E numbers do not count,
    unless the softmax uses them again.
    """
    looked_up = 0
    if model.params["model.embedding_size"] is not None and not model.params["model.tied_embeddings"]:
        looked_up = vocabulary["size"] * model.params["model.embedding_size"]
    test = vocabulary["splits"]["test"]
    return (model.numbers("train")["parameters"].mean - looked_up) * test["tokens"] / test["characters"]


def ranked(rows: Sequence[ScoreRow], kind: Kind) -> list[ScoreRow]:
    """The rows of one kind, the best first."""
    return [row for row in rows if row.kind == kind]
