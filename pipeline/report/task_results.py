"""What the stages of one task left behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.base.artifacts import Record, read_json
from pipeline.base.params import RunParams
from pipeline.report.selection import item

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TaskModelResults:
    """A model at one task, with all its seeds."""

    name: str
    seeds: Mapping[int, Mapping[str, Any]]
    """scores.json by seed: `validation` and `test` (by measure: value, low, high), `tables`, `details`."""
    folders: Mapping[int, Path] = field(default_factory=dict)
    """By seed, where the other files of the stage are."""

    def measures(self, split: str, name: str) -> list[Mapping[str, float] | None]:
        """A measure seed by seed: value, low, high; None where it has none."""
        return [about[split].get(name) for about in self.seeds.values()]

    def values(self, split: str, name: str) -> list[float | None]:
        """Its value seed by seed."""
        return [None if measure is None else measure["value"] for measure in self.measures(split, name)]

    def rows(self, table: str) -> dict[Any, list[Row]]:
        """The rows of the seeds at each value of what a table goes by, in the order of the first seed."""
        found: dict[Any, list[Row]] = {}
        for about in self.seeds.values():
            for row in about["tables"].get(table, []):
                found.setdefault(row[table], []).append(row)
        return found


@dataclass(frozen=True)
class TaskResults:
    """All that is known about one task."""

    task: str
    about: Mapping[str, Any]
    """examples.json: classes, sizes of the splits."""
    params: Mapping[str, Any]
    """The task's entry of params.yaml, flat: `epochs`, ..."""
    baselines: Sequence[Mapping[str, Any]]
    """baselines.json: name, kind, and scores by split and measure."""
    models: Sequence[TaskModelResults]

    @property
    def shape(self) -> str:
        """Of inputs and outputs: `many-to-one`."""
        return next(iter(self.models[0].seeds.values()))["shape"]


def collect_task(examples: Path, trained: Path, task: str, run: RunParams) -> TaskResults:
    """Read what the stages `examples` and `task` wrote.

    Raises:
        ArtifactError: where a file is missing or damaged.
    """
    folder = examples / task
    models = [_of_model(trained, task, name, run.seeds) for name in run.models]
    params = {key.removeprefix("tasks."): value for key, value in Record.load(folder).params.items()}
    return TaskResults(task, read_json(folder / "examples.json"), params, read_json(folder / "baselines.json"), models)


def _of_model(trained: Path, task: str, name: str, seeds: Sequence[int]) -> TaskModelResults:
    folders = {seed: trained / item(task, name, seed) for seed in seeds}
    return TaskModelResults(name, {seed: read_json(at / "scores.json") for seed, at in folders.items()}, folders)
