"""Standard output that takes nothing, and trouble of the machine within a command."""

import errno
import os
import sys
from pathlib import Path

import pytest
from bad_input import check_failed, shell

from pipeline import cli


def test_the_command_says_so_as_the_stages_do(unroll, bundle, monkeypatch):
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipeline.cli.language.load_bundle", full)
    code, out, err = unroll("score", str(bundle), "a")
    assert out == ""
    check_failed(code, err, f"{Path.cwd()}, or .*: the disk takes all that is written", Path("out"))

    def broken(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file")

    monkeypatch.setattr("pipeline.cli.language.load_bundle", broken)
    monkeypatch.setattr(sys, "argv", ["unroll", "score", str(bundle), "a"])
    with pytest.raises(FileNotFoundError):
        cli.main()


# The same from a real shell: no library says a word beside ours.


@pytest.mark.slow
def test_an_output_that_takes_nothing_is_one_sentence(project):
    folder = project({})
    with Path("/dev/full").open("w") as full:
        code, err = shell("pipeline.cli", "check", stdout=full)
    check_failed(code, err, f"{folder}, or .*: the disk takes all that is written", Path("out"))


@pytest.mark.slow
def test_who_reads_no_further_is_told_nothing(project):
    """As typer and rich have it."""
    project({})
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        assert shell("pipeline.cli", "check", stdout=gone) == (1, "")
