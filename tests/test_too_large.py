"""Sizes beyond this machine: one sentence and exit code 2. The memory is this process's limit."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tiny_run import MODEL_STAGES, TEXT_STAGES, lay

from reliability.project import change_params
from stages.examples import examples

ROOM = 2**30
"""What the process may take beside what it has."""
BILLION = 10**9
TRAIN, _, SAMPLING = (flags for _, flags in MODEL_STAGES)
EXAMPLES = "--out out/examples/large --task"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The small project, trained."""
    folder = tmp_path_factory.mktemp("sizes")
    lay(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for stage, flags in (*TEXT_STAGES, MODEL_STAGES[0]):
            assert stage.run(flags.split()) == 0
    return folder


@pytest.fixture
def little_memory() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ROOM, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def at(*keys: str, **values: object) -> Callable[[dict], None]:
    """A change of params.yaml: the values of the section that the keys lead to."""

    def change(params: dict) -> None:
        for key in keys:
            params = params[key]
        params.update(values)

    return change


STAGES = {stage.name: stage for stage, _ in (*TEXT_STAGES, *MODEL_STAGES)} | {"examples": examples}


@pytest.mark.slow
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    ("stage", "flags", "change"),
    [
        ("train", TRAIN, at("models", "lstm", hidden_size=300000)),
        ("train", TRAIN, at("models", "lstm", hidden_size=10**12)),
        ("train", TRAIN, at("models", "lstm", hidden_size=7000)),
        ("train", TRAIN, at("models", "lstm", embedding_size=BILLION)),
        ("train", TRAIN, at("models", "lstm", num_layers=BILLION)),
        ("train", TRAIN, at("training", "word", batch_size=10**12)),
        ("train", TRAIN, at("training", "word", batch_size=BILLION, bptt_steps=BILLION)),
        ("sampling", SAMPLING, at("sampling", "word", num_samples=BILLION)),
        ("examples", f"{EXAMPLES} agreement", at("tasks", "agreement", budget_tokens=BILLION)),
        ("examples", f"{EXAMPLES} agreement", at("tasks", "agreement", test_sequences=BILLION)),
        ("examples", f"{EXAMPLES} adding", at("tasks", "adding", budget_tokens=BILLION)),
        ("examples", f"{EXAMPLES} copying", at("tasks", "copying", lengths=[BILLION], unseen_lengths=[])),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_sizes_beyond_memory_are_one_sentence(project, monkeypatch, capfd, stage, flags, change):
    monkeypatch.chdir(project)
    saved = Path("params.yaml").read_bytes()
    try:
        change_params(project, change)
        code = STAGES[stage].run(flags.split())
    finally:
        Path("params.yaml").write_bytes(saved)
    said = capfd.readouterr().err
    assert (code, said[:8], said.count("\n")) == (2, "memory: ", 1), said
