"""The table of the gradient's share by lag."""

from pipeline.report.parts import Table
from pipeline.report.shares import shares
from pipeline.report.task_results import TaskModelResults, TaskResults


def model(name: str, *seeds: list[dict[str, float]]) -> TaskModelResults:
    return TaskModelResults(name, {i: {"tables": {"lag": rows}} for i, rows in enumerate(seeds, start=1)})


def results(*models: TaskModelResults) -> TaskResults:
    return TaskResults("sentiment", {}, {}, [], models)


def test_lags_are_rows_and_directions_are_columns():
    one_way = [[{"lag": k, "n": 9, "share": factor * 0.1**k} for k in range(8)] for factor in (1, 3)]
    both = [{"lag": k, "n": 9, "share": 1.5, "share_right": 0.25} for k in range(3)]
    (table,) = (
        block for block in shares(results(model("rnn", *one_way), model("bi", both))) if isinstance(block, Table)
    )
    assert table.heads == ["steps back", "rnn (%)", "bi (%)", "bi, from the right (%)"]
    assert [list(row.cells) for row in table.rows] == [
        ["1", "20", "150", "25"],
        ["2", "2", "150", "25"],
        ["5", "0.002", "-", "-"],
    ]


def test_without_the_table_nothing_is_shown():
    assert shares(results(TaskModelResults("rnn", {1: {"tables": {}}}))) == []
