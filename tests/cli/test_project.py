"""The commands on a project: words in, exit code and text out."""

import re
import shutil

from bad_input import ROOT


def test_check_says_what_is_selected_or_what_is_wrong(unroll, tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(ROOT / "environment.yaml", tmp_path)
    code, _, err = unroll("check")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("params.yaml: corpus.path: a file or folder that is there (got 'data')")
    (tmp_path / "data").mkdir()
    code, out, _ = unroll("check")
    assert code == 0
    assert re.fullmatch(
        r"params.yaml: valid; it selects \d+ trainings: \(\d+ levels \+ \d+ tasks\) x \d+ models x \d+ seeds\n", out
    )
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(text.replace("threads: ", "threads: -"), encoding="utf-8")
    code, _, err = unroll("check")
    assert code == 2
    assert err.startswith("params.yaml: runtime.threads: ")


def test_sync_prints_the_report(unroll, monkeypatch, tmp_path):
    from pipeline import tracking

    monkeypatch.setattr(tracking, "sync", lambda root: f"synced {root.name}")
    assert unroll("sync")[:2] == (0, f"synced {tmp_path.name}\n")
