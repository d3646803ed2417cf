"""MLflow as a view of the records: one run for every stage, found by what it did, rebuilt from what it left.

graph         the project's stages, of all its pipeline files, as DVC knows them
work          what a stage did, as DVC tells it, and the key of it
process       in whose name a run is made, and whether that is still there
store         the MLflow store, made once
runs          a run in the store: found, filled from a record, ended
messages      what a stage says to the process that logs its run
live          the run of a stage while it runs, and of one that failed
live_process  the process beside a stage that logs its run
mirror        the store brought up to date with dvc.lock and the experiments
status        what there is of each stage: out, run, and whether they agree

The only room that imports mlflow, and that at the latest moment: it costs seconds. See docs/tracking.md.
"""

from pipeline.tracking.live import LiveRun, live_run, record_failure
from pipeline.tracking.mirror import SyncReport, sync, sync_from_stage
from pipeline.tracking.status import StageStatus, status, what_to_do
from pipeline.tracking.work import Work, current_work

__all__ = [
    "LiveRun",
    "StageStatus",
    "SyncReport",
    "Work",
    "current_work",
    "live_run",
    "record_failure",
    "status",
    "sync",
    "sync_from_stage",
    "what_to_do",
]
