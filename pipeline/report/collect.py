"""The results of all selected items, read from the outs of their stages."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.base.artifacts import Record, damaged, read_json
from pipeline.base.params import Level, RunParams
from pipeline.report.estimates import Estimate, estimate
from pipeline.report.mixture import mix
from pipeline.report.selection import item
from pipeline.report.task_results import TaskResults, collect_task

Stage = Literal["train", "gradients", "sampling"]
Weights = Literal["initial", "trained"]
WEIGHTS: Mapping[Weights, str] = {"initial": "before", "trained": "after"}
"""The two networks of a training, and when they are: before it and after it."""


@dataclass(frozen=True)
class SeedResults:
    """What one seed of a model left behind."""

    seed: int
    records: Mapping[Stage, Record]
    samples: Sequence[Mapping[str, Any]]
    """Rows of samples.jsonl: text, log_probability (nats), and what its stage knows of each."""
    by_lag: Mapping[str, Any]
    """gradients.json: of the initial and the trained network, the curve of each part of its state."""
    verdicts: Mapping[str, Any]
    """verdicts.json: of both networks, what the measures say, whether they agree, and what does not fit."""
    mixture: Mapping[str, float]
    """Mixed with the best n-gram: its weight, and the scores; none of a cloze model, which has no p(text) to mix."""


@dataclass(frozen=True)
class ModelResults:
    """A model at one level, with all its seeds."""

    name: str
    seeds: Sequence[SeedResults]

    @property
    def params(self) -> Mapping[str, Any]:
        """What it was trained with, flat: `model.hidden_size`, ..."""
        return self.records("train")[0].params

    @property
    def is_cloze(self) -> bool:
        """Whether it sees the future, so that its numbers are pseudo-perplexities."""
        return bool(self.params["model.bidirectional"])

    @property
    def max_lag(self) -> int:
        """Steps back over which gradients were measured."""
        max_lag = self.records("gradients")[0].params["gradients.max_lag"]
        assert isinstance(max_lag, int)
        return max_lag

    def records(self, stage: Stage) -> list[Record]:
        """The records of one stage, seed by seed."""
        return [seed.records[stage] for seed in self.seeds]

    def numbers(self, stage: Stage) -> dict[str, Estimate]:
        """Metrics over the seeds; one that some seed has no value for has no mean, and no key."""
        return _over_seeds([record.metrics for record in self.records(stage)])

    @property
    def mixture(self) -> dict[str, Estimate]:
        """Of the model mixed with the best n-gram, over the seeds, each of which has a weight of its own."""
        return _over_seeds([seed.mixture for seed in self.seeds])

    def values(self, stage: Stage, key: str) -> list[float | None]:
        """A metric seed by seed; None where a seed has no value for it."""
        return [record.metrics.get(key) for record in self.records(stage)]

    def curve(self, stage: Stage, key: str) -> dict[int, list[float]]:
        """Values of the seeds at each step of the history (a lag, for the gradients)."""
        points: dict[int, list[float]] = defaultdict(list)
        for record in self.records(stage):
            for row in record.history:
                if key in row.metrics:
                    points[row.step].append(row.metrics[key])
        return dict(sorted(points.items()))


def _over_seeds(metrics: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    shared = [key for key in metrics[0] if all(key in values for values in metrics)]
    return {key: estimate([values[key] for values in metrics]) for key in shared}


@dataclass(frozen=True)
class LevelResults:
    """All that is known about one level."""

    level: Level
    tokenization: Mapping[str, Any]
    """tokenization.json: scheme, and units, tokens, characters of each split."""
    vocabulary: Mapping[str, Any]
    """vocabulary.json: size, and units, tokens, characters, unknown of each split."""
    is_full: bool
    """Whether the vocabulary has as many tokens as params.yaml lets it have."""
    floor: Sequence[Mapping[str, Any]]
    """Rows of baseline.json: n-grams of rising order, then the compressors."""
    models: Sequence[ModelResults]

    @property
    def language_models(self) -> list[ModelResults]:
        """Models that predict the next token."""
        return [model for model in self.models if not model.is_cloze]

    @property
    def cloze_models(self) -> list[ModelResults]:
        """Models that fill a gap, seeing both sides."""
        return [model for model in self.models if model.is_cloze]

    @property
    def best_order(self) -> Mapping[str, Any]:
        """The n-gram to beat: the one that does best on the validation text."""
        orders = [row for row in self.floor if "order" in row]
        return min(orders, key=lambda row: row["validation"]["bits_per_char"])


@dataclass(frozen=True)
class Results:
    """All that the report tells."""

    corpus: Mapping[str, Any]
    """corpus.json: unit, and units and characters of each split."""
    levels: Sequence[LevelResults]
    tasks: Sequence[TaskResults]


def collect(folders: Mapping[str, Path], run: RunParams) -> Results:
    """Read the outs of the items that `run` selects.

    Raises:
        ArtifactError: where one is missing or damaged.
    """
    levels = [_level(folders, level, run) for level in run.levels]
    corpus = read_json(folders["corpus"] / "corpus.json")
    return Results(
        corpus, levels, [collect_task(folders["examples"], folders["task"], task, run) for task in run.tasks]
    )


def _level(folders: Mapping[str, Path], level: Level, run: RunParams) -> LevelResults:
    tokenization = read_json(folders["tokenization"] / level / "tokenization.json")
    vocabulary = read_json(folders["vocabulary"] / level / "vocabulary.json")
    max_size = Record.load(folders["vocabulary"] / level).params["vocabulary.max_size"]
    floor = read_json(folders["baseline"] / level / "baseline.json")["rows"]
    models = [
        ModelResults(name, [_seed(folders, level, name, seed, vocabulary["splits"]) for seed in run.seeds])
        for name in run.models
    ]
    return LevelResults(level, tokenization, vocabulary, vocabulary["size"] == max_size, floor, models)


def _seed(
    folders: Mapping[str, Path], level: Level, model: str, seed: int, splits: Mapping[str, Mapping[str, Any]]
) -> SeedResults:
    name = item(level, model, seed)
    records: dict[Stage, Record] = {stage: Record.load(folders[stage] / name) for stage in get_args(Stage)}
    samples = _read_samples(folders["sampling"] / name / "samples.jsonl")
    measured = folders["gradients"] / name
    is_cloze = records["train"].params["model.bidirectional"]
    mixture = {} if is_cloze else mix(folders["train"] / name, folders["baseline"] / level, splits)
    gradients, verdicts = (read_json(measured / f"{part}.json") for part in ("gradients", "verdicts"))
    return SeedResults(seed, records, samples, gradients, verdicts, mixture)


def _read_samples(path: Path) -> list[Mapping[str, Any]]:
    try:
        # not splitlines(): a sample may hold U+2028 and its like, which JSON leaves as they are
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, ValueError) as error:
        raise damaged(path, error) from None
