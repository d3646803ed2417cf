"""Data is never run: malicious files through the loaders that users reach, and no unsafe call in the code."""

import ast
import gzip
import hashlib
import io
import json
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from pipeline.base.artifacts import Record, write_json
from pipeline.base.errors import ArtifactError, CorpusError, ParamsError, PipelineError
from pipeline.language.bundle import LanguageBundle
from pipeline.language.pairs import read_pairs
from pipeline.networks.build import build_language_model
from pipeline.params import load_params
from pipeline.stage.resume import ResumePlace
from pipeline.text.sources import file_units
from pipeline.tokens.batches import SCHEMA, read_column
from pipeline.tokens.vocabulary import Vocabulary, learn
from pipeline.tokens.windows import load_ids
from reliability import audit
from reliability.project import ROOT, make_project, run, small, write_text


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.marker),)


@pytest.fixture
def marker(tmp_path) -> Iterator[Path]:
    """What a malicious file would make if it were run; that it could is tried first."""
    marker = tmp_path / "pwned"
    pickle.loads(pickle.dumps(Bomb(marker)))
    marker.rmdir()
    yield marker
    assert not marker.exists(), "data was run as code"


@pytest.fixture
def bundle(tmp_path, model) -> Path:
    """A good bundle."""
    vocabulary = Vocabulary(learn({"a": 2, "b": 1}, 4, "char"))
    section = model("gru")
    folder = tmp_path / "bundle"
    folder.mkdir()
    LanguageBundle(build_language_model(section, vocabulary.size, 1), vocabulary, section, "char", 1).save(folder)
    LanguageBundle.load(folder)
    return folder


@pytest.mark.parametrize("save", [pickle.dump, torch.save], ids=["pickle", "torch"])
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json", "tokenizer.json"])
def test_a_pickle_in_a_bundle_is_a_damaged_file(bundle, marker, save, name):
    with (bundle / name).open("wb") as file:
        save(Bomb(marker), file)
    with pytest.raises(ArtifactError, match=re.escape(name)):
        LanguageBundle.load(bundle)


def test_code_in_model_json_is_a_wrong_value(bundle, marker):
    about = json.loads((bundle / "model.json").read_text())
    about["model"]["hidden_size"] = f"__import__('os').mkdir({str(marker)!r})"
    write_json(bundle / "model.json", about)
    with pytest.raises(ArtifactError, match="hidden_size"):
        LanguageBundle.load(bundle)


def test_ids_that_hold_objects_are_refused(tmp_path, marker):
    np.save(tmp_path / "train.npy", np.array([Bomb(marker)], object), allow_pickle=True)
    with pytest.raises(ArtifactError, match=re.escape("train.npy")):
        load_ids(tmp_path, "train")


def test_a_type_of_its_own_in_a_parquet_is_not_made(tmp_path, marker):
    """Arrow unpickled the type of a column that named itself arrow.py_extension_type (CVE-2023-47248)."""
    hostile = {
        "ARROW:extension:name": "arrow.py_extension_type",
        "ARROW:extension:metadata": pickle.dumps(Bomb(marker)),
    }
    schema = pa.schema([pa.field("text", pa.string(), metadata=hostile)], {"pandas": pickle.dumps(Bomb(marker))})
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["a", "b"])], schema=schema), path)
    assert pa.concat_arrays(read_column(path, SCHEMA)).to_pylist() == ["a", "b"]
    assert list(file_units([path], "text", "line")) == ["a", "b"]


def test_params_that_name_an_object_are_no_yaml(tmp_path, marker):
    for tag in ("apply:os.mkdir", "new:os.mkdir", "object/apply:os.mkdir"):
        (tmp_path / "params.yaml").write_text(f"run: !!python/{tag} ['{marker}']\n")
        with pytest.raises(ParamsError, match=re.escape("params.yaml")):
            load_params(tmp_path / "params.yaml")


def test_a_pickle_in_a_record_is_a_damaged_file(tmp_path, marker):
    for name in ("record.json", "history.jsonl"):
        Record({}, {}, {}).save(tmp_path)
        (tmp_path / "record" / name).write_bytes(pickle.dumps(Bomb(marker), protocol=0))
        with pytest.raises(ArtifactError, match=name):
            Record.load(tmp_path)


def test_a_forged_state_of_a_killed_training_is_not_used(tmp_path, marker, capsys):
    """Its first line is right, checksum and all."""
    resume = ResumePlace(tmp_path, "key", every_seconds=0.0)
    content = io.BytesIO()
    torch.save({"step": Bomb(marker)}, content)
    head = {"key": "key", "sha256": hashlib.sha256(content.getvalue()).hexdigest(), "files": {}}
    resume.save(1, {"step": 1})
    (tmp_path / "state-00000002.pt").write_bytes(json.dumps(head).encode() + b"\n" + content.getvalue())
    assert resume.load() == {"step": 1}
    assert "state-00000002.pt: not used" in capsys.readouterr().err


HOSTILE = ['=cmd|"/C calc"!A0', "<script>alert(1)</script>", "${jndi:ldap://x}", "{{ 7 * 7 }}", "[red]x[/red]"]


def test_formulas_and_markup_in_a_table_are_text(tmp_path):
    column = "".join('"{}"\n'.format(text.replace('"', '""')) for text in HOSTILE)
    (tmp_path / "a.csv").write_text(f"text\n{column}")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in HOSTILE))
    for name in ("a.csv", "a.jsonl"):
        assert list(file_units([tmp_path / name], "text", "line")) == HOSTILE


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.csv", "a.jsonl", "a.parquet"])
def test_a_pickle_named_as_a_text_is_no_text(tmp_path, marker, name):
    data = pickle.dumps(Bomb(marker), protocol=4)  # begins with a byte that no UTF-8 begins with
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(CorpusError, match=re.escape(name)):
        list(file_units([tmp_path / name], None if ".txt" in name else "text", "line"))


def test_a_pickle_named_as_pairs_is_none(tmp_path, marker):
    for name in ("a.tsv", "a.jsonl"):
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(marker), protocol=4))
        with pytest.raises(PipelineError, match=name):
            read_pairs(tmp_path / name, None)


def test_a_gzip_bomb_takes_time_and_no_memory(tmp_path):
    """The units come one by one: twice as many lines take no more to read the first of."""
    bomb = tmp_path / "a.txt.gz"
    peaks = []
    for mebibytes in (11, 22):
        bomb.write_bytes(gzip.compress((b"a" * 255 + b"\n") * (mebibytes << 12), compresslevel=1))
        if not peaks:
            first_unit(bomb)  # imports are no matter of the file
        peaks.append(peak_of(lambda: first_unit(bomb)))
    assert peaks[1] < 1.2 * peaks[0]


def first_unit(file: Path) -> str:
    return next(file_units([file], None, "line"))


def peak_of(action: Callable[[], object]) -> int:
    """Bytes that Python held at most."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["<b>", "../etc", "a b", "a;b", "=1+1", "a\nb", "a" * 101])
def test_a_model_name_is_fit_for_paths_commands_and_keys(tmp_path, name):
    import yaml

    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["models"][name] = params["models"]["gru"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ParamsError, match="pattern"):
        load_params(tmp_path / "params.yaml")


FORBIDDEN_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pd.read_pickle"}
REQUIRED = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False), "YAML": ("typ", "safe")}
FORBIDDEN_FLAGS = {"shell": True, "trust_remote_code": True, "allow_pickle": True, "weights_only": False}


def unsafe(source: str) -> list[str]:
    """What in a module could run data as code."""
    return [what for node in ast.walk(ast.parse(source)) for what in _unsafe_here(node)]


def _unsafe_here(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in FORBIDDEN_MODULES)
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        flags = {
            flag.arg: ast.literal_eval(flag.value) for flag in node.keywords if isinstance(flag.value, ast.Constant)
        }
        if called in FORBIDDEN_CALLS:
            yield called
        yield from (str(name) for name, value in flags.items() if FORBIDDEN_FLAGS.get(str(name), flags) == value)
        if called in REQUIRED and flags.get(REQUIRED[called][0]) != REQUIRED[called][1]:
            yield called


@pytest.mark.parametrize("folder", ["pipeline", "stages", "reliability", "benchmarks"])
def test_no_unsafe_call_stands_in_the_code(folder):
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    assert {path: found for path in modules if (found := unsafe(path.read_text()))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import yaml",
        "x = eval(text)",
        "exec(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "YAML().load(text)",
        "YAML(typ='unsafe')",
        "subprocess.run(command, shell=True)",
        "os.system(command)",
        "load_dataset(name, trust_remote_code=True)",
    ],
)
def test_the_search_finds_what_is_unsafe(source):
    assert unsafe(source)


def test_the_search_leaves_what_is_safe():
    assert unsafe("network.eval(); torch.load(path, weights_only=True); np.load(p, allow_pickle=False)") == []


def test_servers_listen_on_this_machine_alone():
    lines = (ROOT / "Makefile").read_text().splitlines()
    servers = [line for line in lines if re.search(r"\b(server|ui|http)\b.*--", line) and line.startswith("\t")]
    assert servers
    assert all("--host 127.0.0.1" in line for line in servers)


AUDITED = {"name": "torch", "version": "2.13.0", "vulns": []}
KNOWN = {"name": "jinja2", "version": "3.1.2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.3"]}]}
ABSENT = {"name": "mlflow", "skip_reason": "Dependency not found on PyPI"}


def test_an_audit_that_finds_nothing_counts_what_it_asked_for(capsys):
    audit.judge([AUDITED, ABSENT])
    assert capsys.readouterr().out == "not audited: mlflow: Dependency not found on PyPI\n1 packages audited\n"


def test_an_audit_whose_database_knows_no_package_is_skipped_aloud(capsys):
    audit.judge([ABSENT, ABSENT])
    assert capsys.readouterr().out.startswith("AUDIT SKIPPED")


def test_a_known_vulnerability_fails_until_it_is_accepted(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="known vulnerabilities"):
        audit.judge([AUDITED, KNOWN])
    assert "jinja2 3.1.2: PYSEC-1, fixed in 3.1.3: NOT ACCEPTED" in capsys.readouterr().out
    monkeypatch.setattr(audit, "ACCEPTED", {"PYSEC-1": "templates are our own"})
    audit.judge([AUDITED, KNOWN])


@pytest.mark.parametrize(
    "says", ["echo 'ConnectionError: no route' >&2; exit 1", f"echo '{json.dumps({'dependencies': [ABSENT]})}'"]
)
def test_a_database_that_cannot_be_had_is_asked_once(tmp_path, capsys, says):
    tool, asked = tmp_path / "pip-audit", tmp_path / "asked"
    tool.write_text(f"#!/bin/sh\necho once >> {asked}\n{says}\n")
    tool.chmod(0o755)
    audit.main(str(tool), str(ROOT / "constraints.txt"))
    assert asked.read_text() == "once\n"
    assert re.search("SKIPPED.*(no route|not found on PyPI)", capsys.readouterr().out)


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with one model, whose text is a folder of files; nothing has run."""

    def one_model(params: dict) -> None:
        params["run"] = {"levels": ["word"], "models": ["gru"], "seeds": [1]}
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
