"""Where the MLflow store is, and the sentence for whatever goes wrong there."""

import os
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.base.errors import PipelineError, TrackingError

URI = "MLFLOW_TRACKING_URI"
EXAMPLES = "http://127.0.0.1:5000 or sqlite:////path/to/mlflow.db"
MESSAGE_LENGTH = 500
"""Characters of a foreign message that are shown: some hold a page of HTML or a whole SQL statement."""

MUST_ANSWER = "the MLflow store must answer"
MUST_TAKE_FILES = "the artifact store must take files from this machine"


@dataclass(frozen=True)
class Address:
    """The address of the store that the project at `root` uses."""

    root: Path
    uri: str
    """As MLflow takes it."""
    database: Path | None
    """The file, where it is an SQLite database."""

    @classmethod
    def of(cls, root: Path) -> "Address":
        """What MLFLOW_TRACKING_URI says, else `mlflow.db` of the project at `root`.

        Under DVC the project is at DVC_ROOT, since `dvc exp run --temp` works in a copy.

        Raises:
            TrackingError: for an SQLite address without a file.
        """
        root = Path(os.environ.get("DVC_ROOT") or root).resolve()
        named = os.environ.get(URI, "").strip()
        database = root / _file_of(named) if named.startswith("sqlite") else None if named else root / "mlflow.db"
        return cls(root, sqlite_uri(database) if database else named, database)

    @property
    def is_own(self) -> bool:
        """Whether it is the project's own database, which can always be built again from the records."""
        return self.database == self.root / "mlflow.db"

    @property
    def artifacts(self) -> str:
        """Address of the folder of artifacts beside the project's own database."""
        return (self.root / "mlartifacts").as_uri()

    @property
    def where(self) -> str:
        """The address for people, without its password."""
        return f"sqlite:///{self.database}" if self.database else without_password(self.uri)

    def what_to_do(self, error: Exception, rule: str) -> str:
        """The end of the sentence for an error."""
        after = "`unroll sync` then brings MLflow up to date"
        if isinstance(error, ImportError):
            return f"install what it names into .venv, or correct {URI}; {after}"
        if self.is_own:
            return "correct what it names, or move mlflow.db away: `unroll sync` builds a new one from the records"
        if rule == MUST_TAKE_FILES:
            return f"correct what it names, or let the server store the files (--artifacts-destination); {after}"
        return f"start the server or correct {URI}, for example {EXAMPLES}; {after}"


def sqlite_uri(database: Path) -> str:
    """An address from which SQLAlchemy reads this path back, whatever characters it has.

    It names the driver: for `sqlite:///` MLflow makes a folder of the quoted path.

    >>> sqlite_uri(Path("/what?/mlflow.db"))
    'sqlite+pysqlite:////what%3F/mlflow.db'
    """
    from sqlalchemy.engine import URL

    return URL.create("sqlite+pysqlite", database=str(database)).render_as_string()


def _file_of(uri: str) -> str:
    """The file of an SQLite address; a database in memory would end with each process.

    >>> _file_of("sqlite:///a/mlflow.db")
    'a/mlflow.db'
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        file = make_url(uri).database
    except ArgumentError:
        file = None
    if file in (None, "", ":memory:"):
        raise TrackingError(URI, "an SQLite address names a file", uri, f"write it like {EXAMPLES}")
    return str(file)


def without_password(text: str) -> str:
    """The text with no user and password in its addresses.

    >>> without_password("refused by http://ann:secret@host/api")
    'refused by http://host/api'
    """
    return re.sub(r"//[^/@\s]*@", "//", text)


@contextmanager
def translated(address: Address, rule: str = MUST_ANSWER) -> Iterator[None]:
    """Whatever is raised inside, as a TrackingError of one line that names its type.

    MLflow's plugins, database drivers and artifact stores raise errors of any class. Only their calls belong inside,
    so that an error of our own stays a bug.
    """
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:
        text = without_password(f"{type(error).__name__}: {error}")
        what = textwrap.shorten(text, MESSAGE_LENGTH, placeholder=" ...")
        raise TrackingError(address.where, rule, what, address.what_to_do(error, rule)) from error
