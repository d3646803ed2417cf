"""MLflow brought up to date with dvc.lock: every stage has its run, and all of them stand under one parent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.artifacts import Record
from pipeline.tracking.runs import NAME, create_run, find_runs, finished_run, kill_dead_runs, tags_of
from pipeline.tracking.store import Store, open_store
from pipeline.tracking.work import DoneStage, Work, content_hash, locked_stages, repository, running_work

if TYPE_CHECKING:
    from dvc.repo import Repo
    from mlflow.entities import Run as MlflowRun

PIPELINE_KEY = "dvc.pipeline_key"
PARENT = "mlflow.parentRunId"


@dataclass
class SyncReport:
    """What a sync did; printed, a line for each kind of thing."""

    where: str
    created: list[str] = field(default_factory=list)
    """Runs built from their records."""
    linked: list[str] = field(default_factory=list)
    """Runs that were there."""
    killed: list[str] = field(default_factory=list)
    """Runs that said RUNNING and whose process is gone."""
    missing: list[str] = field(default_factory=list)
    """Stages without a run whose out is not here as dvc.lock says."""
    parent: str = ""
    """Name of the run above the pipeline's runs."""

    def __str__(self) -> str:
        groups = {
            "created from their records": self.created,
            "there already": self.linked,
            "killed, for their process is gone": self.killed,
            "without a run, for the outs here are not those of dvc.lock (see `dvc checkout`, `dvc pull`)": self.missing,
        }
        head = f"MLflow at {self.where}: {self.parent or 'dvc.lock holds no stage yet, run `dvc repro`'}"
        return "\n".join([head, *(f"  {len(of)} {what}: {', '.join(of)}" for what, of in groups.items() if of)])


def sync(root: Path) -> SyncReport:
    """Bring MLflow up to date with the dvc.lock of the project at `root`; a second time changes nothing.

    Raises:
        TrackingError: where DVC or the store cannot be used.
        ArtifactError: where a record is damaged.
    """
    with repository(root) as repo:
        return _sync(repo, locked_stages(repo))


def sync_from_stage(out: Path) -> SyncReport:
    """`sync` at the end of the stage that DVC runs here: `out` is whole, but dvc.lock does not hold it yet."""
    with repository(Path(".")) as repo:
        work = running_work(repo)
        others = [stage for stage in locked_stages(repo) if stage.work.stage != work.stage]
        return _sync(repo, [*others, DoneStage(work, lambda: out)])


def _sync(repo: "Repo", stages: Sequence[DoneStage]) -> SyncReport:
    store = open_store(Path(repo.root_dir))
    report = SyncReport(store.where)
    with store.alone():
        runs = build_missing_runs(store, stages, report)
        if stages:
            _put_under_parent(store, [stage.work for stage in stages], runs, report)
    return report


def build_missing_runs(store: Store, stages: Sequence[DoneStage], report: SyncReport) -> "list[MlflowRun]":
    """The runs of these stages, those that lacked built from their records; the dead are killed first."""
    report.killed += kill_dead_runs(store)
    runs = [_found_or_built(store, stage, report) for stage in stages]
    return [run for run in runs if run is not None]


def _found_or_built(store: Store, stage: DoneStage, report: SyncReport) -> "MlflowRun | None":
    found = finished_run(store, stage.work.key)
    if found is not None:
        report.linked.append(stage.work.run_name)
        return found
    out = stage.find_out()
    if out is None:
        report.missing.append(stage.work.run_name)
        return None
    record = Record.load(out)
    create_run(store, {**record.tags, **tags_of(stage.work)}).complete(record, stage.work, out)
    report.created.append(stage.work.run_name)
    return finished_run(store, stage.work.key)


def _put_under_parent(store: Store, works: Sequence[Work], runs: "Sequence[MlflowRun]", report: SyncReport) -> None:
    """The parent of exactly these works above their runs. A run has one parent: that of the newest sync."""
    key = content_hash(sorted(work.key for work in works))
    report.parent = f"pipeline {key[:8]}"
    found = find_runs(store, f"tags.`{PIPELINE_KEY}` = '{key}' and attributes.status = 'FINISHED'")
    parent = found[0].info.run_id if found else _new_parent(store, key, works, report.parent)
    for run in runs:
        if run.data.tags.get(PARENT) != parent:
            store.client.set_tag(run.info.run_id, PARENT, parent)


def _new_parent(store: Store, key: str, works: Sequence[Work], name: str) -> str:
    """Its params are the stages' keys, so that comparing two parents shows what differs between two pipelines."""
    parent = create_run(store, {PIPELINE_KEY: key, NAME: name})
    parent.log_params({work.run_name: work.key for work in works})
    parent.end("FINISHED")
    return parent.id
