"""The stage by its own command line, on a small bundle whose trained weights differ from the initial ones."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.analysis import context, gates, jacobians
from pipeline.analysis.gradients import curves, positions_of
from pipeline.base.artifacts import Record
from pipeline.language.bundle import LanguageBundle
from pipeline.networks.build import build_language_model
from pipeline.networks.bundle import CHECKPOINTS, checkpoint_name, save_weights
from pipeline.tokens.vocabulary import Vocabulary, learn
from stages.gradients import SHUFFLE_SEED, gradients

PARAMS = Path(__file__).parents[2] / "params.yaml"
K, P = 6, 5
TEXT = "we few, we happy few, we band of brothers" * 3
VOCABULARY = Vocabulary(learn(Counter(TEXT), 30, "char"))
BUNDLE, IDS, OUT = Path("out/train/char-lstm-1"), Path("out/vocabulary/char"), Path("out/gradients/char-lstm-1")

FILES = ("gradients", "jacobians", "gates", "context", "verdicts")
SERIES = ("context/cut", "gate/trained_product_layer_1", "while_training/slope")


def make_project(root, patch, section):
    """A project's root with a bundle of one model, and the ids of the validation text."""
    patch.chdir(root)
    text = PARAMS.read_text(encoding="utf-8")
    text = re.sub(r"max_lag: \d+", f"max_lag: {K}", re.sub(r"positions: \d+", f"positions: {P}", text))
    Path("params.yaml").write_text(re.sub(r"threads: \d+", "threads: 1", text), encoding="utf-8")
    network = build_language_model(section, VOCABULARY.size, seed=1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(1.5)
    BUNDLE.mkdir(parents=True)
    IDS.mkdir(parents=True)
    LanguageBundle(network, VOCABULARY, section, "char", 1).save(BUNDLE)
    (BUNDLE / "scores.json").write_text('{"grad_norm/p99": 2.0, "grad_norm/median": 1.0}')
    save_weights(build_language_model(section, VOCABULARY.size, seed=2), BUNDLE / CHECKPOINTS / checkpoint_name(30))
    ids = np.append(VOCABULARY.encode(TEXT), 0).astype(np.uint8)
    np.save(IDS / "validation.npy", ids)
    return network, ids


@pytest.fixture
def project(tmp_path, monkeypatch, model):
    """A maker of a project of any model."""
    return lambda cell="lstm", **changes: make_project(tmp_path, monkeypatch, model(cell, **changes))


@pytest.fixture(scope="module")
def lstm(tmp_path_factory, model):
    """The network and the ids of a project in which the stage has run, and which nobody changes."""
    with pytest.MonkeyPatch.context() as patch:
        made = make_project(tmp_path_factory.mktemp("lstm"), patch, model("lstm"))
        assert run() == 0
        yield made


def run() -> int:
    paths = ["--bundle", str(BUNDLE), "--ids", str(IDS), "--out", str(OUT)]
    return gradients.run(["--level", "char", "--model", "lstm", "--seed", "1", *paths])


def table() -> dict[str, list[float]]:
    with (OUT / "gradients.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def test_the_files_hold_both_networks_and_the_record_their_numbers(lstm):
    network, ids = lstm
    measured = json.loads((OUT / "gradients.json").read_text())
    window = positions_of(ids, VOCABULARY.size, K, P)
    assert measured["trained"] == curves(network, window, K, 1, "trained")
    assert measured["initial"] == curves(LanguageBundle.load(BUNDLE).initial(), window, K, 1, "initial")
    assert measured["initial"] != measured["trained"]
    assert set(measured["trained"]) == {"lags", "joint", "h", "c", "omega"}
    fewer = positions_of(ids, VOCABULARY.size, K, 3)
    between = curves(build_language_model(LanguageBundle.load(BUNDLE).model, VOCABULARY.size, 2), fewer, K, 1, "some")[
        "joint"
    ]
    assert measured["while_training"] == [{"step": 30, **between}]
    record = Record.load(OUT)
    assert record.metrics["trained/slope"] == measured["trained"]["joint"]["slope"]
    assert record.metrics["initial/half_life"] == measured["initial"]["joint"]["half_life"]
    assert record.tags.items() >= {"stage": "gradients", "level": "char", "model": "lstm", "seed": "1"}.items()
    assert all((OUT / name).stat().st_size for name in record.artifacts)


@pytest.mark.usefixtures("lstm")
def test_the_history_and_the_csv_file_hold_the_relative_curves():
    measured, columns = json.loads((OUT / "gradients.json").read_text()), table()
    assert list(columns) == ["lag", "initial", "trained", "initial_h", "trained_h", "initial_c", "trained_c"]
    assert columns["lag"] == list(range(K + 1))
    assert columns["trained"] == measured["trained"]["joint"]["relative"]
    assert columns["initial_c"] == measured["initial"]["c"]["relative"]
    record = Record.load(OUT).history
    history = [row for row in record if "gradient/trained" in row.metrics]
    assert [row.step for row in history] == list(range(K + 1))
    assert [row.metrics["gradient/trained"] for row in history] == columns["trained"]
    assert [row.metrics["gradient/initial_h"] for row in history] == columns["initial_h"]


def test_every_measure_has_its_file_its_numbers_and_its_series(lstm):
    """Each number of the record is the one of the file: computed once, written twice."""
    network, ids = lstm
    window = positions_of(ids, VOCABULARY.size, K, P)
    files = {name: json.loads((OUT / f"{name}.json").read_text()) for name in FILES}
    assert files["jacobians"]["trained"] == jacobians.measure(network, window, K, "trained")
    assert files["gates"]["initial"] == gates.measure(LanguageBundle.load(BUNDLE).initial(), window, K)
    assert files["context"] == context.measure(network, window, K, SHUFFLE_SEED)
    record, trained = Record.load(OUT), files["jacobians"]["trained"]
    assert record.metrics["trained/lyapunov_1"] == trained["lyapunov"]["exponents"][0]
    assert record.metrics["trained/step_sigma_max"] == trained["step"]["sigma_max"]
    assert record.metrics["trained/layer_1/gate_mean"] == files["gates"]["trained"]["layers"][0]["mean"]
    assert record.metrics["context/full"] == files["context"]["full"]
    verdict = files["verdicts"]["trained"]
    assert record.metrics[f"trained/{verdict['says']}"] == 1
    assert sum(record.metrics[f"trained/{says}"] for says in ("vanishes", "holds", "explodes")) == 1
    assert verdict["opinions"][-1]["value"] == 2.0  # p99 over median of the training
    assert "norm before clipping" not in {opinion["measure"] for opinion in files["verdicts"]["initial"]["opinions"]}
    series = {key: [(row.step, row.metrics[key]) for row in record.history if key in row.metrics] for key in SERIES}
    assert series["context/cut"] == list(zip(files["context"]["context"], files["context"]["cut"], strict=True))
    products = files["gates"]["trained"]["layers"][0]["products"]
    assert series["gate/trained_product_layer_1"] == list(enumerate(products))
    assert series["while_training/slope"] == [(30, files["gradients"]["while_training"][0]["slope"])]


@pytest.mark.usefixtures("lstm")
def test_a_horizon_that_was_not_reached_has_a_flag_and_no_number():
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
@pytest.mark.slow
def test_every_kind_of_model(project, cell, changes, parts):
    project(cell, **changes)
    assert run() == 0
    measured = json.loads((OUT / "gradients.json").read_text())
    for name in ("initial", "trained"):
        layers = {f"layer_{n + 1}" for n in range(changes.get("num_layers", 1))} if "num_layers" in changes else set()
        assert set(measured[name]) - {"lags", "joint", "omega", "right"} == parts | layers
        assert ("right" in measured[name]) == changes.get("bidirectional", False)
        assert min(measured[name]["joint"]["mean"]) > 0


@pytest.mark.slow
def test_the_same_work_has_the_same_bytes(project):
    project()
    outs = []
    for _ in range(2):
        assert run() == 0
        outs.append({path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*") if path.is_file()})
    assert outs[0] == outs[1]
    assert {"gradients.json", "gradients.csv", "gradients.png"} <= {path.name for path in outs[0]}


def test_no_two_measures_are_at_work_at_once_with_one_thread(project, monkeypatch):
    project()
    at_work, most = [], []

    def counted(measure):
        def wrapped(*given):
            at_work.append(measure)
            most.append(len(at_work))
            try:
                return measure(*given)
            finally:
                at_work.remove(measure)

        return wrapped

    for module in (context, gates, jacobians):
        monkeypatch.setattr(module, "measure", counted(module.measure))
    monkeypatch.setattr("stages.gradients.curves", counted(curves))
    assert run() == 0
    assert len(most) == 7
    assert max(most) == 1


def test_a_text_that_is_too_short_is_one_sentence_and_leaves_nothing(project, capsys):
    project()
    np.save(IDS / "validation.npy", np.ones(3 * K + P - 1, dtype=np.uint8))
    assert run() == 2
    assert capsys.readouterr().err == (
        "gradients: validation ids: needs 3 max_lag + positions = 23 tokens (got 22); "
        "lower gradients.max_lag or gradients.positions, or give more text\n"
    )
    assert not OUT.exists()
