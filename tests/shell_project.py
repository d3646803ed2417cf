"""A DVC project whose stages are lines of shell, each of which says when it is done; `slow` waits for a file `go`.

Two of them are in a second pipeline file: they depend on stages of the first, and one of the first on them.
"""

import shutil
from pathlib import Path

from reliability.project import ROOT, checked, run

DVC_YAML = """
stages:
  text: {cmd: "cat source > text; echo text >> ended", deps: [source], outs: [text]}
  quick: {cmd: "cat text > quick; echo quick >> ended", deps: [text], outs: [quick]}
  slow: {cmd: "until test -e go; do sleep 0.1; done; cat text > slow; echo slow >> ended", deps: [text], outs: [slow]}
  report: {cmd: "cat after slow own > report; echo report >> ended", deps: [after, slow, own], outs: [report]}
"""
SECOND_YAML = """
stages:
  own: {wdir: .., cmd: "cat other > own; echo own >> ended", deps: [other], outs: [own]}
  after: {wdir: .., cmd: "wc -c < quick > after; echo after >> ended", deps: [quick], outs: [after]}
"""
LOCKS = ("dvc.lock", "second/dvc.lock")
NAMES = ["text", "quick", "slow", "own", "after", "report"]
UPSTREAM = {"quick": ["text"], "slow": ["text"], "after": ["quick"], "report": ["after", "slow", "own"]}


def make_shell_project(folder: Path) -> None:
    """Lay it into a folder that is not there yet; nothing has run."""
    folder.mkdir()
    shutil.copy(ROOT / "params.yaml", folder)
    (folder / "dvc.yaml").write_text(DVC_YAML, encoding="utf-8")
    (folder / "second").mkdir()
    (folder / "second/dvc.yaml").write_text(SECOND_YAML, encoding="utf-8")
    (folder / "source").write_text("a text\n", encoding="utf-8")
    (folder / "other").write_text("another\n", encoding="utf-8")
    (folder / "go").touch()
    (folder / ".dvcignore").write_text(".work\nended\nsaid\n", encoding="utf-8")
    checked(run("git init -q", folder))
    checked(run("dvc init -q", folder))
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")


def change_command(folder: Path, old: str, new: str) -> None:
    """Change words of dvc.yaml."""
    text = (folder / "dvc.yaml").read_text(encoding="utf-8")
    assert old in text
    (folder / "dvc.yaml").write_text(text.replace(old, new), encoding="utf-8")


def ended(folder: Path) -> list[str]:
    """The stages that have done their work since the last call, in the order in which they did it."""
    path = folder / "ended"
    found = path.read_text(encoding="utf-8").split() if path.exists() else []
    path.unlink(missing_ok=True)
    return found
