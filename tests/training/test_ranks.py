"""Two processes under torchrun: the training of one process, dealt out."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sizes import V

from pipeline.training.ranks import Ranks

TRAIN = """
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from pipeline.base.launch import HelperDoneError
from pipeline.networks.build import build_language_model, build_regressor
from pipeline.networks.bundle import save_weights
from pipeline.base.params import LstmModel
from pipeline.base.resume import Resume
from pipeline.training import fit as fitting
from pipeline.training.language_modelling import LanguageModelling
from pipeline.training.split import Split
from pipeline.training.supervised import LeastSquares

mode, dropout, die_at, folder = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
rank = os.environ.get("RANK", "0")


def text(seed):
    ids = np.random.default_rng(seed).integers(0, 11, size=400).astype(np.uint8)
    ids[-1] = 0
    return Split(ids, characters=800, spelling_nats=0.0)


if rank == "1" and die_at:
    after = fitting.History.on_step

    def dying(self, learner, step):
        after(self, learner, step)
        if step.number == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    fitting.History.on_step = dying

model = LstmModel(
    cell="lstm", forget_bias=1.0, chrono_steps=None, hidden_size=7, num_layers=2, bidirectional=False, embedding_size=5,
    tied_embeddings=False, dropout=dropout, learning_rate=0.02, max_grad_norm=0.5,
)
network = build_language_model(model, 11, seed=1)
objective = LanguageModelling(
    text(1), text(2), 11, segment_tokens=40 if mode == "stream" else None, batch_size=4, bptt_steps=5,
    budget_tokens=400, seed=1,
)
if mode == "sums":
    network = build_regressor(model, 2, seed=1)
    batches = [torch.rand(n, 5, 2, generator=torch.Generator().manual_seed(n)) for n in (1, 2, 3, 4, 5) * 4]
    objective = LeastSquares([(x, x[..., 0].sum(1)) for x in batches], [(x, x[..., 0].sum(1)) for x in batches[:1]])
try:
    trained = fitting.fit(
        network,
        objective,
        learning_rate=0.02,
        weight_decay=0.1,
        max_grad_norm=0.5,
        num_validations=2,
        log_every_steps=1,
        accelerator="cpu",
        seed=1,
        live=lambda rows: None,
        resume=Resume(folder / f"resume-{rank}", "key", every_seconds=0.0 if rank == "0" else 1e9),
    )
except HelperDoneError:
    sys.exit()
save_weights(network, folder / "weights.safetensors")
rows = [[row.step, dict(row.metrics)] for row in trained.history]
(folder / "history.json").write_text(json.dumps({"rows": rows, "seen": trained.targets_seen}))
"""


def laid(folder: Path, mode: str, dropout: float, die_at: int) -> list[str]:
    """Write the training into the folder; its command line, without the Python that runs it."""
    folder.mkdir(exist_ok=True)
    script = folder / "train.py"
    script.write_text(TRAIN)
    return [str(script), mode, str(dropout), str(die_at), str(folder)]


def train(folder: Path, mode: str = "stream", dropout: float = 0.0, die_at: int = 0):
    """Run the training in two processes; what became of them."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [*torchrun, *laid(folder, mode, dropout, die_at)]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False)


def losses(folder: Path) -> list[float]:
    rows = json.loads((folder / "history.json").read_text())["rows"]
    return [
        value for row in rows for key, value in row[1].items() if key in ("train/nats_per_token", "train/squared_error")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["stream", "sums", pytest.param("units", marks=pytest.mark.faults)])
def test_two_processes_learn_what_one_does(tmp_path, monkeypatch, mode):
    """The same batches, and sums in another order: losses within one in 100,000 at every step.

    Some batches of `sums` have one sequence, so that one rank has none.
    """
    monkeypatch.setattr(sys, "argv", laid(tmp_path / "1", mode, dropout=0.0, die_at=0))
    runpy.run_path(sys.argv[0])
    done = train(tmp_path / "2", mode)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / n / "history.json").read_text()) for n in ("1", "2"))
    assert one["seen"] == two["seen"]
    assert len(losses(tmp_path / "1")) >= 20
    assert losses(tmp_path / "2") == pytest.approx(losses(tmp_path / "1"), rel=1e-5, abs=1e-6)
    weights, others = (load_file(tmp_path / n / "weights.safetensors") for n in ("1", "2"))
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_rank_ends_the_training_and_it_goes_on_to_the_same_bytes(tmp_path):
    """With dropout, whose draws differ from rank to rank."""
    assert train(tmp_path / "whole", dropout=0.3).returncode == 0
    broken = train(tmp_path / "broken", dropout=0.3, die_at=11)
    assert broken.returncode != 0
    assert not (tmp_path / "broken/history.json").exists()
    again = train(tmp_path / "broken", dropout=0.3)
    assert again.returncode == 0, again.stderr
    assert "going on after step 1" in again.stderr
    for name in ("weights.safetensors", "history.json"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def window(lanes: int):
    ids = torch.arange(lanes)[:, None].expand(lanes, 3)
    return ids, ids + V, torch.zeros(lanes, dtype=torch.bool)


@pytest.mark.parametrize(("lanes", "size"), [(4, 2), (5, 2), (7, 3)])
def test_every_lane_has_one_rank(lanes, size):
    shares, weights = zip(*(Ranks(rank, size).share(window(lanes)) for rank in range(size)), strict=True)
    assert weights == (1,) * size
    for part, whole in zip(zip(*shares, strict=True), window(lanes), strict=True):
        assert torch.equal(torch.cat(part), whole)


def test_a_rank_without_a_lane_learns_from_nothing():
    shares = [Ranks(rank, 2).share(window(1)) for rank in range(2)]
    assert sorted(weight for _, weight in shares) == [0, 1]
    assert all(torch.equal(part, whole) for own, _ in shares for part, whole in zip(own, window(1), strict=True))


def test_one_process_has_all_to_itself(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    ranks = Ranks.of_environment()
    assert (ranks.is_first, ranks.summed(1.5, 2.0), ranks.gathered("a")) == (True, [1.5, 2.0], ["a"])
    with ranks.joined():
        assert not torch.distributed.is_initialized()
