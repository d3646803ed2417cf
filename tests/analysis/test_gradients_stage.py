"""The stage by its own command line, on a small bundle whose trained weights differ from the initial ones."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.analysis.gradients import curves, positions_of
from pipeline.artifacts import Record
from pipeline.networks.build import build
from pipeline.networks.bundle import Bundle
from pipeline.text.vocabulary import Vocabulary, learn
from stages.gradients import gradients

PARAMS = Path(__file__).parents[2] / "params.yaml"
K, P = 6, 5
TEXT = "we few, we happy few, we band of brothers" * 3
VOCABULARY = Vocabulary(learn(Counter(TEXT), 30, "char"))
BUNDLE, IDS, OUT = Path("out/train/char-lstm-1"), Path("out/vocabulary/char"), Path("out/gradients/char-lstm-1")


@pytest.fixture
def project(tmp_path, monkeypatch, model):
    """A maker of a project's root with a bundle of one model, and the ids of the validation text."""

    def make(cell="lstm", **changes):
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("DVC_ROOT", raising=False)
        text = PARAMS.read_text(encoding="utf-8")
        text = re.sub(r"max_lag: \d+", f"max_lag: {K}", re.sub(r"positions: \d+", f"positions: {P}", text))
        Path("params.yaml").write_text(re.sub(r"threads: \d+", "threads: 1", text), encoding="utf-8")
        section = model(cell, **changes)
        network = build(section, VOCABULARY.size, seed=1)
        with torch.no_grad():
            for weight in network.parameters():
                weight.mul_(1.5)
        BUNDLE.mkdir(parents=True)
        IDS.mkdir(parents=True)
        Bundle(network, VOCABULARY, section, "char", 1).save(BUNDLE)
        ids = np.append(VOCABULARY.encode(TEXT), 0).astype(np.uint8)
        np.save(IDS / "validation.npy", ids)
        return network, ids

    threads = torch.get_num_threads()
    yield make
    torch.set_num_threads(threads)


def run() -> int:
    paths = ["--bundle", str(BUNDLE), "--ids", str(IDS), "--out", str(OUT)]
    return gradients.run(["--level", "char", "--model", "lstm", "--seed", "1", *paths])


def table() -> dict[str, list[float]]:
    with (OUT / "gradients.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def test_the_files_hold_both_networks_and_the_record_their_numbers(project):
    network, ids = project()
    assert run() == 0
    measured = json.loads((OUT / "gradients.json").read_text())
    window = positions_of(ids, VOCABULARY.size, K, P)
    assert measured["trained"] == curves(network, window, K, 1, "trained")
    assert measured["initial"] == curves(Bundle.load(BUNDLE).initial(), window, K, 1, "initial")
    assert measured["initial"] != measured["trained"]
    assert set(measured["trained"]) == {"lags", "joint", "h", "c"}
    record = Record.load(OUT)
    assert record.metrics["trained/slope"] == measured["trained"]["joint"]["slope"]
    assert record.metrics["initial/half_life"] == measured["initial"]["joint"]["half_life"]
    assert record.tags.items() >= {"stage": "gradients", "level": "char", "model": "lstm", "seed": "1"}.items()
    assert all((OUT / name).stat().st_size for name in record.artifacts)


def test_the_history_and_the_csv_file_hold_the_relative_curves(project):
    project()
    assert run() == 0
    measured, columns = json.loads((OUT / "gradients.json").read_text()), table()
    assert list(columns) == ["lag", "initial", "trained", "initial_h", "trained_h", "initial_c", "trained_c"]
    assert columns["lag"] == list(range(K + 1))
    assert columns["trained"] == measured["trained"]["joint"]["relative"]
    assert columns["initial_c"] == measured["initial"]["c"]["relative"]
    history = Record.load(OUT).history
    assert [row.step for row in history] == list(range(K + 1))
    assert [row.metrics["gradient/trained"] for row in history] == columns["trained"]
    assert [row.metrics["gradient/initial_h"] for row in history] == columns["initial_h"]


def test_a_horizon_that_was_not_reached_has_a_flag_and_no_number(project):
    project()
    assert run() == 0
    metrics = Record.load(OUT).metrics
    horizons = json.loads((OUT / "gradients.json").read_text())["trained"]["joint"]["horizons"]
    assert None in horizons.values()
    for share, lag in horizons.items():
        assert metrics.get(f"trained/horizon_{share}") == lag
        assert metrics[f"trained/reached_{share}"] == (lag is not None)


@pytest.mark.parametrize(
    ("cell", "changes", "parts"),
    [
        ("rnn", {"nonlinearity": "relu"}, {"h"}),
        ("gru", {"num_layers": 2, "embedding_size": None}, {"h"}),
        ("lstm", {"num_layers": 2, "bidirectional": True}, {"h", "c"}),
    ],
)
def test_every_kind_of_model(project, cell, changes, parts):
    project(cell, **changes)
    assert run() == 0
    measured = json.loads((OUT / "gradients.json").read_text())
    for name in ("initial", "trained"):
        assert set(measured[name]) - {"lags", "joint"} == parts
        assert min(measured[name]["joint"]["mean"]) > 0


def test_the_same_work_has_the_same_bytes(project):
    project()
    outs = []
    for _ in range(2):
        assert run() == 0
        outs.append({path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*") if path.is_file()})
    assert outs[0] == outs[1]
    assert {"gradients.json", "gradients.csv", "gradients.png"} <= {path.name for path in outs[0]}


def test_a_text_that_is_too_short_is_one_sentence_and_leaves_nothing(project, capsys):
    project()
    np.save(IDS / "validation.npy", np.ones(3 * K + P - 1, dtype=np.uint8))
    assert run() == 2
    assert capsys.readouterr().err == (
        "gradients: validation ids: needs 3 max_lag + positions = 23 tokens (got 22); "
        "lower gradients.max_lag or gradients.positions, or give more text\n"
    )
    assert not OUT.exists()
