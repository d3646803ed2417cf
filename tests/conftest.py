"""What every test shares: the house's distinct sizes, seeded numbers, and models small enough to check by hand."""

import atexit
import gc
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bad_input import write_project
from filelock import FileLock
from hypothesis import settings
from sizes import E, H

from pipeline.networks.params import GruModel, LstmModel, Model, RnnModel
from reliability.project import hear_interrupts

if TYPE_CHECKING:
    from torch import Generator

settings.register_profile("unroll", deadline=None)  # machines are noisy: no test asserts a time
settings.load_profile("unroll")
for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT", "DVC_STAGE", "PYTHONUNBUFFERED"):
    os.environ.pop(name, None)  # nothing of who runs the tests leaks in
hear_interrupts()

gc.set_threshold(
    50_000, 20, 100
)  # a million objects come with the imports and stay: looking through them takes seconds
atexit.register(gc.freeze)
if "PYTEST_XDIST_WORKER" in os.environ:  # a whole suite needs them; while jaxtyping's hook imports a module of ours,
    for heavy in ("pytorch_lightning", "matplotlib.pyplot"):  # Python takes other names for compiled files, and would
        import_module(heavy)  # compile all that it imports anew

SHARED_DATA = Path(__file__).parents[1] / "../shared/data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: one that begins last would keep one of two processes waiting for the other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Two test processes with two threads each take twice as long on two cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def generator() -> "Generator":
    """A generator of its own for each test."""
    import torch

    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], object]], Path]:
    """A folder that the first to ask fills, for all test processes: `made_once("numbers", fill)`."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def others_store(made_once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """An MLflow database with another's experiment alone; making its tables takes seconds."""

    def fill(root: Path) -> None:
        from pipeline.tracking.store import open_store

        open_store(root)
        with closing(sqlite3.connect(root / "mlflow.db")) as database:
            database.execute("update experiments set name = 'of another' where name = 'unroll'")
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the file alone is copied

    return made_once("others", fill) / "mlflow.db"


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data sets; the test is skipped, aloud, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data sets are not here ({SHARED_DATA.name})")
    return SHARED_DATA


@pytest.fixture(scope="session")
def model() -> Callable[..., Model]:
    """A maker of small model sections: model("lstm", num_layers=2)."""

    def make(cell: str, **changes: Any) -> Model:
        sizes = {"hidden_size": H, "num_layers": 1, "bidirectional": False, "embedding_size": E}
        rest = {"tied_embeddings": False, "readout_gain": 1.0, "dropout": 0.0, "learning_rate": 0.01}
        rest |= {"max_grad_norm": 0.5}
        own = {
            "rnn": {"nonlinearity": "tanh", "recurrent_gain": 1.0},
            "gru": {"chrono_steps": None},
            "lstm": {"forget_bias": 1.0, "chrono_steps": None},
        }
        kind = {"rnn": RnnModel, "gru": GruModel, "lstm": LstmModel}[cell]
        return kind.model_validate({"cell": cell, **sizes, **rest, **own[cell], **changes})

    return make


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A maker of a small project with these texts and params, as the working folder: project({"a.txt": b"text"})."""

    def make(files: Mapping[str, bytes], **changes: Any) -> Path:
        monkeypatch.chdir(tmp_path)
        write_project(tmp_path, files, changes)
        return tmp_path

    return make
