"""What is there of each stage: its out, its run, and whether the two say the same. Nothing is changed."""

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.base.artifacts import RECORD, Record
from pipeline.tracking.graph import lock_entries, repository, selected_stages
from pipeline.tracking.runs import KEY, TIME, find_runs, points_of_record, shown_params
from pipeline.tracking.store import Store, find_store
from pipeline.tracking.work import Work, work_now

if TYPE_CHECKING:
    from dvc.stage import PipelineStage
    from mlflow.entities import Run as MlflowRun

NEXT = {
    "not run": "run `dvc repro`",
    "killed": "run `dvc repro`: it goes on where the training was killed",
    "changed": "run `dvc repro` to make the changed outs again, or `dvc checkout --force` to have the old ones back",
    "missing": "run `dvc checkout`, or `dvc pull` where the cache lacks them too",
    "moved": "run `unroll sync`: the project was moved, and MLflow looks for artifacts where it was",
    "no run": "run `unroll sync`",
    "differs": "delete the runs that differ in MLflow, then run `unroll sync`",
}
"""What to do about each kind of trouble; what stands first comes first."""


@dataclass(frozen=True)
class StageStatus:
    """A stage, its out and its run."""

    stage: str
    out: str
    """cached, changed or missing, against dvc.lock; not run; killed: a checkpoint waits to go on from."""
    run: str
    """Head of the run's id, and its status."""
    agreement: str
    """agrees; or what is amiss: no run, or which parts of the run differ from the record."""

    @property
    def trouble(self) -> str | None:
        """What is amiss, a key of NEXT.

        >>> StageStatus("corpus", "cached", "1f2e3d4c FINISHED", "agrees").trouble
        >>> StageStatus("corpus", "cached", "none", "no run").trouble
        'no run'
        """
        if self.out != "cached":
            return self.out
        if self.agreement == "agrees":
            return None
        return self.agreement if self.agreement in NEXT else "differs"


def what_to_do(stages: Sequence[StageStatus]) -> str:
    """One line: all agree, or what comes next.

    >>> what_to_do([StageStatus("corpus", "cached", "1f2e3d4c FINISHED", "agrees")])
    'All 1 stages agree with their runs.'
    >>> what_to_do([StageStatus("corpus", "cached", "none", "no run"), StageStatus("report", "missing", "none", "")])
    'Next: run `dvc checkout`, or `dvc pull` where the cache lacks them too.'
    """
    troubles = {stage.trouble for stage in stages}
    steps = [step for trouble, step in NEXT.items() if trouble in troubles]
    return f"Next: {steps[0]}." if steps else f"All {len(stages)} stages agree with their runs."


def status(root: Path) -> list[StageStatus]:
    """Every stage that the pipeline files select, file by file, the root's first.

    Raises:
        TrackingError: where DVC or the store cannot be used.
        ArtifactError: where a record is damaged.
    """
    with repository(root) as repo:
        store, stages = find_store(Path(repo.root_dir)), selected_stages(repo)
        entries, checkpoints = lock_entries(repo, stages), Path(repo.root_dir, ".work", "resume")
        runs = newest_runs(store) if store else {}
        return [
            _status(store, runs, stage, entries.get(name), _killed_work(stage, checkpoints))
            for name, stage in stages.items()
        ]


def _status(
    store: Store | None,
    runs: "Mapping[str, MlflowRun]",
    stage: "PipelineStage",
    entry: Mapping[str, Any] | None,
    killed: Work | None,
) -> StageStatus:
    name = str(stage.name)
    done = Work.from_lock(name, entry) if entry else None
    work = killed or done
    if work is None:
        return StageStatus(name, "not run", "none", "")
    out = "killed" if done is None or work.key != done.key else _out(stage)
    run = runs.get(work.key)
    shown = f"{run.info.run_id[:8]} {run.info.status}" if run else "none"
    if run is None or run.info.status != "FINISHED":
        return StageStatus(name, out, shown, "no run" if out != "killed" else "")
    return StageStatus(name, out, shown, _agreement(store, run, stage) if out == "cached" else "")


def _killed_work(stage: "PipelineStage", checkpoints: Path) -> Work | None:
    """The work that a checkpoint was left of, as the stage would do it now."""
    if not any(checkpoints.glob("*/state-*")) or not all(dep.exists for dep in stage.deps):
        return None  # hashing the inputs of every stage is not for nothing
    work = work_now(str(stage.name), stage)
    return work if any(checkpoints.glob(f"{work.key}.*/state-*")) else None


def _out(stage: "PipelineStage") -> str:
    """What the workspace has, against dvc.lock."""
    found = {state for out in stage.outs for state in out.workspace_status().values()}
    return "missing" if "deleted" in found else "changed" if found else "cached"


def newest_runs(store: Store) -> "dict[str, MlflowRun]":
    """Of each key the finished run, else the newest of those that did not end well, in one search."""
    oldest_first = reversed(find_runs(store, f"tags.`{KEY}` LIKE '%'"))
    finished_last = sorted(oldest_first, key=lambda run: run.info.status == "FINISHED")
    return {run.data.tags[KEY]: run for run in finished_last}


def _agreement(store: Store | None, run: "MlflowRun", stage: "PipelineStage") -> str:
    """Whether params, last values, numbers of points, and names of artifacts are those of the record."""
    assert store is not None
    if store.is_moved:
        return "moved"
    out = next(path for out in stage.outs if ((path := Path(out.fs_path)) / RECORD).is_dir())
    record = Record.load(out)
    points = points_of_record(record)
    last = {point.key: point.value for point in sorted(points, key=lambda point: point.step)}
    expected = Counter(point.key for point in points)
    metrics = {key: value for key, value in run.data.metrics.items() if not key.startswith(TIME)}
    counts = Counter({key: len(store.client.get_metric_history(run.info.run_id, key)) for key in metrics})
    parts = {
        "params": run.data.params == shown_params(record.params),
        "metrics": metrics == last,
        "history": counts == expected,
        "artifacts": _has_artifacts(store, run, record),
    }
    wrong = [name for name, is_equal in parts.items() if not is_equal]
    return f"differs: {', '.join(wrong)}" if wrong else "agrees"


def _has_artifacts(store: Store, run: "MlflowRun", record: Record) -> bool:
    folders = {posixpath.dirname(name) for name in record.artifacts}
    found = {file.path for folder in folders for file in store.client.list_artifacts(run.info.run_id, folder)}
    return found.issuperset(record.artifacts)
