"""Two processes: the training of one process, dealt out."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from sizes import V

from pipeline.base.errors import PipelineError
from pipeline.training.ranks import Ranks, check_accelerator

TRAIN = """
import json
import os
import signal
from pathlib import Path

import numpy as np
import torch

from pipeline.base.errors import HelperDoneError
from pipeline.base.launch import this_launch
from pipeline.examples.sets import Split as Examples
from pipeline.networks.build import build_language_model, build_regressor
from pipeline.networks.bundle import save_weights
from pipeline.networks.params import LstmModel
from pipeline.stage.resume import ResumePlace
from pipeline.training import fit as fitting
from pipeline.training.language_modelling import LanguageModelling
from pipeline.training.split import Split
from pipeline.training.supervised import LeastSquares, squared_error


def text(seed):
    ids = np.random.default_rng(seed).integers(0, 11, size=400).astype(np.uint8)
    ids[-1] = 0
    return Split(ids, characters=800, spelling_nats=0.0)


def main(argv):
    mode, dropout, die_at, folder = argv[0], float(argv[1]), int(argv[2]), Path(argv[3])
    rank = str(this_launch().rank)
    torch.set_num_threads(1)  # as the stage does
    if rank == "1" and die_at:
        after = fitting.History.on_step

        def dying(self, learner, step):
            after(self, learner, step)
            if step.number == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        fitting.History.on_step = dying

    model = LstmModel(
        cell="lstm", forget_bias=1.0, chrono_steps=None, hidden_size=7, num_layers=2, bidirectional=False,
        embedding_size=5, tied_embeddings=False, readout_gain=1.0, dropout=dropout, learning_rate=0.02,
        max_grad_norm=0.5,
    )
    network = build_language_model(model, 11, seed=1)
    objective = LanguageModelling(
        text(1), text(2), 11, segment_tokens=None if mode == "units" else 40, batch_size=4, bptt_steps=5,
        budget_tokens=400, seed=1,
    )
    if mode == "sums":
        network = build_regressor(model, 2, seed=1)
        frames = list(np.random.default_rng(1).random((9, 5, 2), np.float32))  # in batches of 4, 4 and 1
        examples = Examples(frames, [np.array(x[:, 0].sum()) for x in frames])
        objective = LeastSquares(examples, examples, squared_error, epochs=7, batch_size=4, seed=1)
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
            precision="float32",
            seed=1,
            live=lambda rows: None,
            resume=ResumePlace(folder / f"resume-{rank}", "key", every_seconds=0.0 if rank == "0" else 1e9),
        )
    except HelperDoneError:
        return 0
    save_weights(network, folder / "weights.safetensors")
    rows = [[row.step, dict(row.metrics)] for row in trained.history]
    (folder / "history.json").write_text(json.dumps({"rows": rows, "seen": trained.targets_seen}))
    return 0
"""


def laid(folder: Path, mode: str, dropout: float, die_at: int) -> list[str]:
    """Write the training into the folder; the arguments of its `main`."""
    folder.mkdir(exist_ok=True)
    (folder / "trainee.py").write_text(TRAIN)
    return [mode, str(dropout), str(die_at), str(folder)]


ALONE = "import sys, trainee; sys.exit(trainee.main(sys.argv[1:]))"
LAUNCH = "import sys; from pipeline.stage.processes import launch; launch('trainee:main', sys.argv[1:], 2)"


def train(
    folder: Path,
    mode: str = "stream",
    dropout: float = 0.0,
    die_at: int = 0,
    processes: int = 2,
    before: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the training in processes of its own; what became of them."""
    argv = laid(folder, mode, dropout, die_at)
    given = {**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2]}{os.pathsep}{folder}", **(env or {})}
    command = [*before, sys.executable, "-c", LAUNCH if processes > 1 else ALONE, *argv]
    return subprocess.run(command, capture_output=True, text=True, env=given, check=False, timeout=300)


ENVIRONMENTS = {
    "torchrun": {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "4", "GROUP_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    | {"TORCHELASTIC_RUN_ID": "other", "TORCHELASTIC_USE_AGENT_STORE": "True", "PET_NNODES": "2"}
    | {
        "MASTER_ADDR": "nosuchhost.invalid",
        "MASTER_PORT": "1",
        "NODE_RANK": "1",
        "TORCHELASTIC_ERROR_FILE": "/no/file",
    },
    "an empty rank": {"RANK": "", "WORLD_SIZE": "", "LOCAL_RANK": "", "MASTER_PORT": "", "SLURM_PROCID": ""},
    "slurm": {"SLURM_NTASKS": "4", "SLURM_PROCID": "3", "SLURM_LOCALID": "3", "SLURM_NODEID": "1", "SLURM_JOB_ID": "7"}
    | {"SLURM_JOB_NAME": "train", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NODELIST": "node[1-2]", "SLURM_NNODES": "2"},
    "mpi and lsf": {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "1", "PMI_SIZE": "2"}
    | {"LSB_JOBID": "1", "LSB_DJOB_RANKFILE": "/no/file", "JSM_NAMESPACE_RANK": "1", "JSM_NAMESPACE_LOCAL_RANK": "1"}
    | {"JSM_NAMESPACE_SIZE": "2", "KUBERNETES_PORT": "tcp://10.0.0.1:443"},
    "lightning": {"PL_TRAINER_MAX_STEPS": "3", "PL_TRAINER_FAST_DEV_RUN": "1", "PL_GLOBAL_SEED": "x"},
    "sockets": {"GLOO_SOCKET_IFNAME": "eth99", "NCCL_SOCKET_IFNAME": "eth99", "TP_SOCKET_IFNAME": "eth99"}
    | {"http_proxy": "http://127.0.0.1:1", "all_proxy": "socks5://127.0.0.1:1"},
    "numbers": {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2", "MKL_DYNAMIC": "TRUE", "OMP_DYNAMIC": "TRUE"}
    | {"OMP_SCHEDULE": "dynamic", "OPENBLAS_NUM_THREADS": "2", "CUBLAS_WORKSPACE_CONFIG": ":16:8"}
    | {"PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "2", "TMPDIR": "/no/folder"},
}
"""What launchers, and users who tune, leave in a shell."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Callable[[int], tuple[list[str], bytes]]:
    """What one process, or two, say and learn where nothing is unusual."""

    @cache
    def trained(processes: int) -> tuple[list[str], bytes]:
        folder = tmp_path_factory.mktemp("reference")
        done = train(folder, processes=processes, dropout=0.3)
        return said_and_learned(done, folder)

    return trained


def said_and_learned(done: subprocess.CompletedProcess[str], folder: Path) -> tuple[list[str], bytes]:
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[-1].endswith("s of CPU")
    return lines[:-1], (folder / "weights.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_others_left_in_the_environment_does_not_matter(tmp_path, reference, name, processes):
    done = train(tmp_path, processes=processes, dropout=0.3, env=ENVIRONMENTS[name])
    assert said_and_learned(done, tmp_path) == reference(processes)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_all_that_others_left_in_the_environment_at_once_does_not_matter(tmp_path, reference, processes):
    env = {key: value for environment in ENVIRONMENTS.values() for key, value in environment.items()}
    done = train(tmp_path, processes=processes, dropout=0.3, env=env)
    assert said_and_learned(done, tmp_path) == reference(processes)


@pytest.mark.slow
def test_two_processes_need_no_name_of_their_host(tmp_path, reference):
    rename = 'hostname nosuchhost.invalid && exec "$@"'
    renamed = ["unshare", "--user", "--map-root-user", "--uts", "sh", "-c", rename, "sh"]
    if shutil.which("unshare") is None or subprocess.run([*renamed, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody rename a host for a test (unshare --user --uts)")
    done = train(tmp_path, dropout=0.3, before=renamed)
    assert said_and_learned(done, tmp_path) == reference(2)


def losses(folder: Path) -> list[float]:
    rows = json.loads((folder / "history.json").read_text())["rows"]
    keys = ("train/nats_per_token", "train/squared_error")
    return [value for row in rows for key, value in row[1].items() if key in keys]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["stream", "sums", pytest.param("units", marks=pytest.mark.faults)])
def test_two_processes_learn_what_one_does(tmp_path, mode):
    """The same batches, and sums in another order: losses within one in 100,000 at every step.

    Some batches of `sums` have one sequence, so that one rank has none.
    """
    for processes in (1, 2):
        done = train(tmp_path / str(processes), mode, processes=processes)
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


def test_one_process_has_all_to_itself():
    ranks = Ranks.of_launch()
    assert (ranks.is_first, ranks.summed(1.5, 2.0), ranks.gathered("a")) == (True, [1.5, 2.0], ["a"])
    with ranks.joined():
        assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(("wanted", "size", "gpus"), [("gpu", 1, 0), ("gpu", 2, 1), ("auto", 2, 1)])
def test_too_few_gpus_are_one_sentence(monkeypatch, wanted, size, gpus):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(PipelineError, match=rf"runtime.accelerator: {wanted} needs .* {size} \(got {gpus} that torch"):
        check_accelerator(wanted, size)


def test_a_gpu_that_does_not_work_is_one_sentence(monkeypatch):
    def broken(*shape, device):
        raise RuntimeError("CUDA error: unknown error\nCompile with `TORCH_USE_CUDA_DSA`")

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "zeros", broken)
    with pytest.raises(PipelineError, match=r"a GPU that works \(got CUDA error: unknown error\); set cpu"):
        check_accelerator("auto", 1)


@pytest.mark.parametrize("wanted", ["cpu", "auto"])
def test_a_cpu_is_always_there(monkeypatch, wanted):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    check_accelerator(wanted, 2)
