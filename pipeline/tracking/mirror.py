"""MLflow brought up to date with dvc.lock and the experiments: every stage has its run, every pipeline a parent."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.base.artifacts import Record
from pipeline.base.errors import PipelineError
from pipeline.tracking.graph import repository
from pipeline.tracking.runs import (
    MAX_NAME,
    NAME,
    SUPERSEDED,
    create_run,
    find_runs,
    finished_run,
    finished_runs,
    kill_dead_runs,
    new_run,
    open_run,
    points_of_record,
)
from pipeline.tracking.store import Store, open_store
from pipeline.tracking.work import (
    DoneStage,
    Experiment,
    Work,
    content_hash,
    experiment_stages,
    experiments,
    locked_stages,
    running_work,
)

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun

PIPELINE_KEY = "dvc.pipeline_key"
PARENT = "mlflow.parentRunId"
EXPERIMENT_TAG = "dvc.experiment."
"""Before the commit of an experiment: a tag of the parent of its pipeline, with the experiment's name."""
FETCH = "(see `dvc pull`, `dvc exp pull`)"


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
    """Stages without a run whose out, as dvc.lock has it, is neither here nor in DVC's cache."""
    parent: str = ""
    """Name of the run above the runs of the workspace's pipeline."""
    experiments: list[str] = field(default_factory=list)
    """Experiments that were looked through, for a run of theirs lacked or they were new; with their parents."""

    def __str__(self) -> str:
        groups = {
            "created from their records": self.created,
            "there already": self.linked,
            "killed, for their process is gone": self.killed,
            f"without a run, for DVC's cache lacks what they made {FETCH}": self.missing,
            "experiments looked through": self.experiments,
        }
        head = f"MLflow at {self.where}: {self.parent or 'dvc.lock holds no stage yet, run `dvc repro`'}"
        return "\n".join([head, *(f"  {len(of)} {what}: {', '.join(of)}" for what, of in groups.items() if of)])


def sync(root: Path) -> SyncReport:
    """Bring MLflow up to date with the dvc.lock of the project at `root`, and of every experiment that Git holds.

    A second time changes nothing.

    Raises:
        TrackingError: where DVC or the store cannot be used.
        ArtifactError: where a record is damaged.
    """
    with repository(root) as repo:
        store = open_store(Path(repo.root_dir))
        report = SyncReport(store.where)
        with store.alone():
            _sync_workspace(store, locked_stages(repo), report)
            for experiment in _not_whole(store, experiments(repo)):
                _sync_experiment(store, experiment, experiment_stages(repo, experiment), report)
    return report


def sync_from_stage(out: Path) -> None:
    """`sync` of this workspace alone, at the end of the stage that DVC runs here.

    `out` is whole, but dvc.lock does not hold it yet. Trouble with the store is said: no stage is lost for it.
    """
    try:
        with repository(Path(".")) as repo:
            work = running_work(repo)
            others = [stage for stage in locked_stages(repo) if stage.work.stage != work.stage]
            store = open_store(Path(repo.root_dir))
            with store.alone():
                stages = [*others, DoneStage(work, lambda: nullcontext(out))]
                _sync_workspace(store, stages, SyncReport(store.where), os.environ.get("DVC_EXP_NAME", ""))
    except (PipelineError, OSError) as error:
        sys.stderr.write(f"MLflow is not up to date: {error}\n")


def _sync_workspace(store: Store, stages: Sequence[DoneStage], report: SyncReport, experiment: str = "") -> None:
    """A run has one parent: that of the newest sync of a workspace that holds it."""
    runs = build_missing_runs(store, stages, report)
    if stages:
        parent = _parent(store, [stage.work for stage in stages], experiment)
        report.parent = parent.data.tags[NAME]
        _put_under(store, parent, runs)


def _not_whole(store: Store, found: Sequence[Experiment]) -> list[Experiment]:
    """The experiments with a stage that has no run. Asking Git and DVC takes a second each, so the parents are asked:
    each names the experiments of its pipeline, and the keys of its stages."""
    if not found:
        return []
    keys = set(finished_runs(store))
    parents = find_runs(store, f"tags.`{PIPELINE_KEY}` LIKE '%' and attributes.status = 'FINISHED'")
    whole = {tag for parent in parents if keys.issuperset(parent.data.params.values()) for tag in parent.data.tags}
    return [experiment for experiment in found if EXPERIMENT_TAG + experiment.commit not in whole]


def _sync_experiment(store: Store, experiment: Experiment, stages: Sequence[DoneStage], report: SyncReport) -> None:
    """Runs that stand under no parent yet go under that of the experiment; what it shares stays where it is."""
    of_experiment = SyncReport(store.where)
    runs = _found_or_built(store, stages, of_experiment)
    report.created += [f"{name} of {experiment.name}" for name in of_experiment.created]
    report.missing += [f"{name} of {experiment.name}" for name in of_experiment.missing]
    if stages:
        parent = _parent(store, [stage.work for stage in stages], experiment.name)
        store.client.set_tag(parent.info.run_id, EXPERIMENT_TAG + experiment.commit, experiment.name)
        _put_under(store, parent, [run for run in runs if PARENT not in run.data.tags])
        report.experiments.append(f"{experiment.name} ({parent.data.tags[NAME]})")


def build_missing_runs(store: Store, stages: Sequence[DoneStage], report: SyncReport) -> "list[MlflowRun]":
    """The runs of these stages, those that lacked built from their records; the dead are killed first."""
    report.killed += kill_dead_runs(store)
    return _found_or_built(store, stages, report)


def _found_or_built(store: Store, stages: Sequence[DoneStage], report: SyncReport) -> "list[MlflowRun]":
    finished, runs = finished_runs(store), []
    for stage in stages:
        found = finished.get(stage.work.key)
        if found is not None:
            report.linked.append(stage.work.run_name)
        run = found or _built(store, stage, report)
        if run is not None:
            finished[stage.work.key] = run
            runs.append(run)
    return runs


def _built(store: Store, stage: DoneStage, report: SyncReport) -> "MlflowRun | None":
    with stage.open_out() as out:
        if out is None:
            report.missing.append(stage.work.run_name)
            return None
        _build(store, stage.work, out)
    report.created.append(stage.work.run_name)
    return finished_run(store, stage.work.key)


def _build(store: Store, work: Work, out: Path) -> None:
    """The run of this work out of its record; one that was not completed goes on, unless it holds other points."""
    record = Record.load(out)
    run = open_run(store, work, record.params, record.tags)
    if run.exceeds(points_of_record(record)):
        run.end("KILLED", SUPERSEDED)
        run = new_run(store, work, record.params, record.tags)
    run.complete(record, work, out)


def _parent(store: Store, works: Sequence[Work], experiment: str) -> "MlflowRun":
    """The parent of exactly these works, made where there is none; it bears the name of an experiment that has them."""
    key = content_hash(sorted(work.key for work in works))
    name = f"pipeline {key[:8]} {experiment}".strip()
    run_id = _found_parent(store, key) or _new_parent(store, key, works, name)
    parent = store.client.get_run(run_id)
    if experiment and experiment not in parent.data.tags[NAME].split():
        store.client.set_tag(run_id, NAME, f"{parent.data.tags[NAME]} {experiment}"[:MAX_NAME])
        return store.client.get_run(run_id)
    return parent


def _found_parent(store: Store, key: str) -> str | None:
    found = find_runs(store, f"tags.`{PIPELINE_KEY}` = '{key}' and attributes.status = 'FINISHED'")
    return found[0].info.run_id if found else None


def _new_parent(store: Store, key: str, works: Sequence[Work], name: str) -> str:
    """Its params are the stages' keys, so that comparing two parents shows what differs between two pipelines."""
    parent = create_run(store, {PIPELINE_KEY: key, NAME: name})
    parent.log_params({work.run_name: work.key for work in works})
    parent.end("FINISHED")
    return parent.id


def _put_under(store: Store, parent: "MlflowRun", runs: "Sequence[MlflowRun]") -> None:
    for run in runs:
        if run.data.tags.get(PARENT) != parent.info.run_id:
            store.client.set_tag(run.info.run_id, PARENT, parent.info.run_id)
