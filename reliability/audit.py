"""Known vulnerabilities in pinned packages: `make audit`, or `python -m reliability.audit PIP_AUDIT FILE`.

The standard library alone: it runs before anything is installed. Exit code 0 where there are none, or where there is
no database to ask, which is said; 1 where there is one that ACCEPTED does not name.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

ACCEPTED: Mapping[str, str] = {}
"""Ids of vulnerabilities that this project lives with, each with the reason why it may."""


def main(pip_audit: str, requirements: str) -> None:
    """Ask, and exit."""
    flags = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [pip_audit, "--requirement", requirements, *flags]
    done = subprocess.run(command, capture_output=True, text=True)
    if not done.stdout:
        skipped((done.stderr.strip().splitlines() or ["no answer"])[-1])
    else:
        judge(json.loads(done.stdout)["dependencies"])


def judge(packages: Sequence[Mapping[str, Any]]) -> None:
    """Say what was found; a package that the database does not have is no package without vulnerabilities."""
    unknown = [package for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        skipped(unknown[0]["skip_reason"] if unknown else "no packages")
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


def skipped(reason: str) -> None:
    """Say aloud that nothing was audited."""
    print(f"AUDIT SKIPPED, no vulnerability database could be asked: {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
