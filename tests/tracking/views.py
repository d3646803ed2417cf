"""What a tiny project's store holds, as the tests look at it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

VOLATILE = ("process", "git.commit", "mlflow.parentRunId", "mlflow.user")


def runs_of(project: Path) -> list[Any]:
    """All runs of the project's store, the oldest first."""
    client = client_of(project)
    experiment = client.get_experiment_by_name("unroll")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))


def client_of(project: Path) -> "MlflowClient":
    from mlflow import MlflowClient  # takes seconds, which every test process would pay for collecting this file

    return MlflowClient(f"sqlite:///{project / 'mlflow.db'}")


def named(project: Path, name: str) -> list[Any]:
    return [run for run in runs_of(project) if run.info.run_name == name]


def history(project: Path, run: Any) -> list[tuple[str, int, float]]:
    """Every point of the run, as often as it stands there."""
    client = client_of(project)
    points = [point for key in run.data.metrics for point in client.get_metric_history(run.info.run_id, key)]
    return sorted((point.key, point.step, point.value) for point in points)


def content(project: Path) -> dict[str, Any]:
    """All that must not depend on how a run came about, by the run's name."""
    client = client_of(project)
    names = {run.info.run_id: run.info.run_name for run in runs_of(project)}
    return {
        run.info.run_name: {
            "status": run.info.status,
            "params": run.data.params,
            "tags": {key: value for key, value in run.data.tags.items() if key not in VOLATILE},
            "parent": names.get(run.data.tags.get("mlflow.parentRunId", "")),
            "history": [point for point in history(project, run) if not point[0].startswith("time/")],
            "inputs": [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
            "artifacts": [a.path for folder in ("", "figures") for a in client.list_artifacts(run.info.run_id, folder)],
        }
        for run in runs_of(project)
    }


def snapshot(project: Path) -> list[Any]:
    """The store as it is."""
    return [(run.info.run_id, run.info.status, run.info.end_time, run.data.to_dictionary()) for run in runs_of(project)]


def set_hidden_size(project: Path, old: int, new: int) -> None:
    params = project / "params.yaml"
    text = params.read_text()
    assert f"hidden_size: {old}" in text
    params.write_text(text.replace(f"hidden_size: {old}", f"hidden_size: {new}"))
