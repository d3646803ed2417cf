"""The pipeline calls no other machine."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reliability.project import ROOT, make_project, run, small, write_text


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with one model, whose text is a folder of files; nothing has run."""

    def one_model(params: dict) -> None:
        params["run"] |= {"levels": ["word"], "models": ["gru"], "tasks": ["agreement"], "seeds": [1]}
        small(params)

    make_project(tmp_path / "unroll", one_model)
    write_text(tmp_path / "unroll")
    return tmp_path / "unroll"


@pytest.mark.faults
def test_the_pipeline_needs_no_network(project):
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("this kernel gives no network namespaces")
    done = run(f"{shlex.join(alone)} dvc repro", project)
    assert done.returncode == 0, done.stderr
    assert (project / "reports/report.html").exists()


WITNESS = """
import sys

def witness(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen"):
        target = arguments[0] if event.startswith("socket.get") else arguments[1]
        if event == "subprocess.Popen" and "daemon" not in target:
            return
        with open({log!r}, "a") as file:
            print(event, repr(target), " ".join(sys.argv[:3]), file=file)

sys.addaudithook(witness)
"""
LOOPBACK = re.compile(r"\('(127\.|::1|localhost)|^\S+ '(127\.|localhost|/)")


@pytest.fixture
def witness(tmp_path) -> Callable[[], list[str]]:
    """The calls that any Python with PYTHONPATH=tmp_path/witness tries to other machines.

    DVC's daemons count: they outlive the command that starts them, and are there for nothing else.
    """
    log = tmp_path / "connections"
    log.touch()
    (tmp_path / "witness").mkdir()
    (tmp_path / "witness/sitecustomize.py").write_text(WITNESS.format(log=str(log)))
    return lambda: [line for line in log.read_text().splitlines() if not LOOPBACK.search(line)]


@pytest.mark.faults
def test_the_pipeline_calls_nobody(project, witness, tmp_path, monkeypatch):
    """Its own settings keep DVC, MLflow and datasets quiet, not those of who runs it: they are taken away."""
    for name in ("CI", "DO_NOT_TRACK", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
    env = {"PYTHONPATH": str(tmp_path / "witness"), "HOME": str(tmp_path)}
    done = run("dvc repro", project, env)
    assert done.returncode == 0, done.stderr
    assert witness() == []


READ = """
from pathlib import Path
from pipeline.text.sources import file_units
for name in ("a.txt", "a.csv", "a.jsonl", "a.parquet"):
    assert list(file_units([Path(name)], None if name == "a.txt" else "text", "line")) == ["one"]
"""


@pytest.mark.slow
def test_reading_a_text_calls_nobody(witness, tmp_path, monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_UPDATE_DOWNLOAD_COUNTS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "a.csv").write_text("text\none\n")
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    pq.write_table(pa.table({"text": ["one"]}), tmp_path / "a.parquet")
    done = run(shlex.join(["python", "-c", READ]), tmp_path, {"PYTHONPATH": f"{tmp_path}/witness:{ROOT}"})
    assert done.returncode == 0, done.stderr
    assert witness() == []


def test_the_witness_sees_a_call_and_a_daemon(witness, tmp_path):
    call = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('{}', 9))"
    daemon = "import subprocess, sys; subprocess.run([sys.executable, '-c', '', 'daemon', 'analytics'])"
    for code in (call.format("127.0.0.1"), call.format("192.0.2.1"), daemon):
        subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path / "witness")}, check=True)
    seen = [line.split()[0] for line in witness()]
    assert seen == ["socket.connect", "subprocess.Popen"]
