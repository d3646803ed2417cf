"""No call in the code runs data, and servers listen on this machine alone."""

import ast
import re
from collections.abc import Iterator

import pytest

from reliability.project import ROOT

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
