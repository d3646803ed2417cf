"""Known vulnerabilities in pinned packages: `make audit`, or `python -m reliability.audit PIP_AUDIT FILE`.

The standard library alone: it runs before anything is installed. Exit code 0 where there are none, or where there is
no database to ask, which is said; 1 where there is one that ACCEPTED does not name.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

ACCEPTED: Mapping[str, str] = {}
"""Ids of vulnerabilities that this project lives with, each with the reason why it may."""


def main(pip_audit: str, requirements: str) -> None:
    """Ask, and exit. One package goes first: a registry without the database is not asked hundreds of times."""
    pins = Path(requirements).read_text(encoding="utf-8").splitlines()
    first = ask(pip_audit, pins[:1])
    judge(first if "skip_reason" in first[0] else ask(pip_audit, pins))


def ask(pip_audit: str, pins: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """What pip-audit says of each pinned package; where it says nothing, the reason."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        flags = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run([pip_audit, "--requirement", file.name, *flags], capture_output=True, text=True)
    if done.stdout:
        return json.loads(done.stdout)["dependencies"]
    return [{"name": "all", "skip_reason": (done.stderr.strip().splitlines() or ["no answer"])[-1]}]


def judge(packages: Sequence[Mapping[str, Any]]) -> None:
    """Say what was found; a package that the database does not have is no package without vulnerabilities."""
    unknown = [package for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        print(f"AUDIT SKIPPED, no vulnerability database could be asked: {unknown[0]['skip_reason']}")
        return
    for package in unknown:
        print(f"not audited: {package['name']}: {package['skip_reason']}")
    found = [(package, known) for package in packages for known in package.get("vulns", [])]
    for package, known in found:
        fixed = ", ".join(known["fix_versions"]) or "no release"
        accepted = ACCEPTED.get(known["id"], "NOT ACCEPTED")
        print(f"{package['name']} {package['version']}: {known['id']}, fixed in {fixed}: {accepted}")
    if any(known["id"] not in ACCEPTED for _, known in found):
        sys.exit("known vulnerabilities: raise the versions (make constraints), or accept them in reliability/audit.py")
    print(f"{len(packages) - len(unknown)} packages audited")


if __name__ == "__main__":
    main(*sys.argv[1:])
