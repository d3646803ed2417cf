"""The file of an SQLite store, as SQLite sees it: MLflow has no call for these."""

import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 120
"""How long a writer waits for another program, MLflow's UI for example."""

_PLACES = {"experiments": "artifact_location", "runs": "artifact_uri"}
"""Table -> the column that says where its artifacts are."""


def use_write_ahead_log(database: Path) -> None:
    """Let readers (the UI) and a writer not wait for each other; the setting stays in the file."""
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def artifact_location(database: Path, experiment: str) -> str | None:
    """Where the experiment's artifacts are; None where there is no such file, table or experiment. Only reads."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'experiments'").fetchone():
            return None
        query = "select artifact_location from experiments where name = ?"
        found = connection.execute(query, [experiment]).fetchone()
        return found[0] if found else None


def move_artifacts(database: Path, old: str, new: str) -> None:
    """Let every experiment and run whose artifacts are at or below `old` have them at `new`."""
    with closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection, connection:
        for table, column in _PLACES.items():
            connection.execute(
                f"update {table} set {column} = ? || substr({column}, ?) where substr({column} || '/', 1, ?) = ?",
                [new, len(old) + 1, len(old) + 1, f"{old}/"],
            )
