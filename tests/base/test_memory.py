"""The least that something takes, against what there is."""

import resource

import pytest

from pipeline.base import memory
from pipeline.base.errors import PipelineError, machine_error, memory_error

GIB = memory.GIB


def test_a_containers_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "CONTAINER", tmp_path / "memory.max")
    machine = memory.memory_bytes()
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.memory_bytes() == machine
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    assert memory.memory_bytes() == GIB
    memory.check_memory(GIB, "all of it")
    with pytest.raises(PipelineError, match=r"^memory: room for a lot \(got 1\.5 GiB at least, of 1\.0\); lower them"):
        memory.check_memory(3 * GIB // 2, "a lot")


def test_a_limit_of_this_process_counts(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (GIB, resource.RLIM_INFINITY))
    assert memory.memory_bytes() <= GIB


def raise_by(library: str) -> None:
    import numpy as np
    import pyarrow as pa
    import torch

    match library:
        case "torch":
            torch.empty(2**50)
        case "torch sizes":
            torch.empty(2**40, 2**40)
        case "torch arguments":
            torch.empty(10**30)
        case "numpy":
            np.empty(2**50)
        case "numpy sizes":
            np.empty((2**40, 2**40))
        case "pyarrow":
            pa.allocate_buffer(2**50)
        case "python":
            bytearray(2**60)
        case "python sizes":
            bytearray(10**30)


@pytest.mark.parametrize(
    "library", ["torch", "torch sizes", "torch arguments", "numpy", "numpy sizes", "pyarrow", "python", "python sizes"]
)
def test_what_libraries_raise_for_too_much_is_known(library):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        raise_by(library)
    known = memory_error(raised.value)
    assert known is not None, raised.value
    assert str(known).startswith("memory: room for the sizes in params.yaml (got ")
    assert "\n" not in str(known)


@pytest.mark.parametrize(
    "error", [OverflowError("math range error"), ValueError("x"), KeyError("memory"), OSError(2, "x")]
)
def test_any_other_error_is_none_of_the_machine(error):
    assert machine_error(error) is None
