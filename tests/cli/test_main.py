"""Help, signals and terminals: what all commands share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bad_input import ROOT

from pipeline import cli


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", ["score", "sample"])
def test_a_terminal_of_another_encoding_shows_what_it_can(bigram, encoding, command):
    """Characters that it lacks are shown by their numbers."""
    text = "é→\U0001f40d"
    words = {"score": ["score", bigram, text], "sample": ["sample", bigram, "--prompt", text]}[command]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", *words], env=env, capture_output=True, cwd=ROOT)
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    assert done.returncode == {"score": 0, "sample": 2}[command]
    assert (rb"\u2192" in done.stdout) == (command == "score")


def test_ctrl_c_is_130_and_a_bug_is_a_traceback(unroll, bigram, monkeypatch):
    def interrupted(folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.cli.language.load_bundle", interrupted)
    assert unroll("score", bigram, "a")[0] == 130

    def broken(folder: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pipeline.cli.language.load_bundle", broken)
    monkeypatch.setattr(sys, "argv", ["unroll", "score", bigram, "a"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_help_imports_nothing_heavy():
    code = """
import sys
from pipeline import cli
sys.argv = ["unroll", "--help"]
try:
    cli.main()
finally:
    print(sorted({"torch", "numpy", "pydantic", "mlflow", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(command in done.stdout for command in ("check", "sync", "sample", "score", "compare-pairs"))
