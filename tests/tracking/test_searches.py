"""How often sync and status search MLflow: the same for few stages and for many."""

from contextlib import nullcontext
from typing import Any, cast

import pytest

from pipeline.tracking.mirror import SyncReport, build_missing_runs
from pipeline.tracking.runs import create_run, finished_run, finished_runs, tags_of
from pipeline.tracking.status import newest_runs
from pipeline.tracking.store import Store
from pipeline.tracking.work import DoneStage, Work

pytestmark = pytest.mark.slow  # MLflow and its store take seconds, in each test process


def finished(store: Store, name: str) -> Work:
    """Work with a finished run, and a newer one that failed."""
    work = Work(name, f"python -m stages.search {name}", {}, {})
    for status in ("FINISHED", "FAILED"):
        create_run(store, tags_of(work)).end(status)
    return work


def searches(store: Store, monkeypatch: pytest.MonkeyPatch, **settings: int) -> list[Any]:
    """Filled with every search from now on."""
    client, found = cast("Any", store.client).client, []
    search = client.search_runs

    def counted(*args: Any, **kwargs: Any) -> Any:
        found.append(args)
        return search(*args, **kwargs, **settings)

    monkeypatch.setattr(client, "search_runs", counted)
    return found


@pytest.mark.parametrize("num_stages", [1, 7])
def test_a_sync_searches_as_often_for_many_stages(
    store: Store, monkeypatch: pytest.MonkeyPatch, num_stages: int
) -> None:
    works = [finished(store, f"many-{num_stages}-{n}") for n in range(num_stages)]
    expected = [finished_run(store, work.key) for work in works]
    calls = searches(store, monkeypatch)
    runs = build_missing_runs(store, [DoneStage(work, nullcontext) for work in works], SyncReport(""))
    assert len(calls) == 2  # dead runs, finished runs
    assert [run.info.run_id for run in runs] == [run.info.run_id for run in expected if run]


def test_the_newest_finished_run_of_a_key_wins_over_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    works = [finished(store, f"pages-{n}") for n in range(3)]
    create_run(store, tags_of(works[0])).end("FINISHED")
    expected = {work.key: finished_run(store, work.key) for work in works}
    calls = searches(store, monkeypatch, max_results=2)
    found = finished_runs(store)
    assert len(calls) > 1
    assert {key: found[key].info.run_id for key in expected} == {
        k: run.info.run_id for k, run in expected.items() if run
    }


def test_a_status_searches_once_and_a_finished_run_wins_over_a_newer_one_that_failed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = [finished(store, f"status-{n}") for n in range(3)]
    failed = Work("status-failed", "false", {}, {})
    last = [create_run(store, tags_of(failed)) for _ in range(2)][-1]
    last.end("FAILED")
    expected = {work.key: run.info.run_id for work in works if (run := finished_run(store, work.key))}
    calls = searches(store, monkeypatch)
    found = newest_runs(store)
    assert len(calls) == 1
    assert {key: found[key].info.run_id for key in expected} == expected
    assert found[failed.key].info.run_id == last.id
