"""The audit of pinned packages."""

import json
import re

import pytest

from reliability import audit
from reliability.project import ROOT

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
