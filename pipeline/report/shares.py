"""How far back the loss of a whole sequence reaches, model by model."""

from statistics import fmean

from pipeline.report.formats import NONE
from pipeline.report.parts import Block, Heading, Paragraph, Row, Table
from pipeline.report.task_results import TaskModelResults, TaskResults

LAGS = (1, 2, 5, 10, 20, 40, 63)
"""Of the table; MLflow has the whole curves (`share_by_lag`)."""
MEANING = (
    "The loss is known after the last step. The share of its gradient that reaches the state k steps before says how "
    "much the network can learn from what it read there: the mean over test examples of the gradient's norm by that "
    "state, as a percentage of its norm by the last. In an LSTM, the state is h and c. A model that reads both ways "
    "has two curves; the right one ends with the first step."
)


def shares(results: TaskResults) -> list[Block]:
    """A row a lag, a column a model and direction."""
    columns = [(model, key) for model in results.models for key in ("share", "share_right") if _has(model, key)]
    rows = [Row([str(lag), *(_cell(model, key, lag) for model, key in columns)]) for lag in LAGS]
    shown = [row for row in rows if any(cell != NONE for cell in row.cells[1:])]
    if not shown:
        return []
    heads = ["steps back", *(f"{model.name}{', from the right' * (key != 'share')} (%)" for model, key in columns)]
    return [Heading("How far back the loss reaches"), Paragraph(MEANING), Table(heads, shown)]


def _has(model: TaskModelResults, key: str) -> bool:
    return any(key in row for rows in model.rows("lag").values() for row in rows)


def _cell(model: TaskModelResults, key: str, lag: int) -> str:
    """The mean over seeds, to three digits however small it is."""
    values = [row[key] for row in model.rows("lag").get(lag, []) if key in row]
    return f"{100 * fmean(values):.3g}" if values else NONE
